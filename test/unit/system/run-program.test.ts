import { describe, expect, it } from 'vitest';
import { runProgram } from '../../../src/system/run-program.js';

const node = (script: string, ...args: readonly string[]) => ({
  program: process.execPath,
  args: ['-e', script, ...args],
  timeoutMs: 60_000,
  maxOutputBytes: 1000,
});
/** A program that reports its start and never ends. */
const forever = `console.log(process.pid); setInterval(() => {}, 1000);`;

describe('running a program', () => {
  it('gives both outputs and the exit code; arguments reach it as they are, for there is no shell', async () => {
    const script = `process.stdout.write(process.argv[1]); process.stderr.write('é'); process.exit(3)`;
    expect(await runProgram(node(script, '$(id); `id` "x" \'y\''))).toEqual({
      end: 'exit',
      code: 3,
      stdout: '$(id); `id` "x" \'y\'',
      stderr: 'é',
    });
  });

  it('gives the input, and an end of it where there is none', async () => {
    const echo = 'process.stdin.pipe(process.stdout)';
    expect(await runProgram({ ...node(echo), input: 'secret' })).toMatchObject({ stdout: 'secret' });
    expect(await runProgram(node(echo))).toMatchObject({ code: 0, stdout: '' });
    // More than a pipe holds, for a program that does not read it.
    expect(await runProgram({ ...node('process.exit(0)'), input: 'x'.repeat(1 << 20) })).toMatchObject({ code: 0 });
  });

  it('gives the environment, and no other', async () => {
    const env = { ONE: '1', NONE: undefined };
    const run = { ...node('console.log(JSON.stringify(Object.keys(process.env)))'), env };
    const outcome = await runProgram(run);
    expect(outcome.end === 'exit' && JSON.parse(outcome.stdout)).toEqual(['ONE']);
  });

  it('says what could not be started', async () => {
    expect(await runProgram({ ...node(''), program: 'sealpost-no-such-program' })).toMatchObject({ end: 'missing' });
    expect(await runProgram({ ...node(''), program: '/' })).toMatchObject({ end: 'not-started' });
    expect(await runProgram({ ...node(''), program: 'a\0b' })).toMatchObject({ end: 'not-started' });
    expect(await runProgram({ ...node(''), args: ['x'.repeat(1 << 23)] })).toMatchObject({ end: 'not-started' });
  });

  it('ends a program that writes without end, on either output', async () => {
    for (const output of ['stdout', 'stderr'])
      expect(await runProgram(node(`for (;;) process.${output}.write('x'.repeat(5000))`))).toEqual({ end: 'output' });
  });

  it('ends a program at its time', async () => {
    expect(await runProgram({ ...node(forever), timeoutMs: 1 })).toEqual({ end: 'timeout' });
  });

  it('does not wait for programs that it left behind, once its time is over', async () => {
    const child = `require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 5000)'],
      { stdio: 'inherit', detached: true }).unref()`;
    expect(await runProgram({ ...node(child), timeoutMs: 500 })).toEqual({ end: 'timeout' });
  });

  it('ends it with its signal, which may be aborted before', async () => {
    await expect(runProgram({ ...node(forever), signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
    const controller = new AbortController();
    const running = runProgram({ ...node(forever), signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });

  it('says what ended it from outside', async () => {
    expect(await runProgram(node(`process.kill(process.pid, 'SIGTERM'); ${forever}`))).toEqual({
      end: 'killed',
      by: 'SIGTERM',
    });
  });
});
