/**
 * The log of the operating system: the exact calls of its programs, with simulated programs.
 * @module
 */
import { describe, expect, it } from 'vitest';
import type { LogEvent, Warning } from '../../../src/index.js';
import { SystemLogSink } from '../../../src/sinks/system-log.js';
import type { Program, ProgramOutcome } from '../../../src/system/run-program.js';
import { numbered } from './events.js';

const done: ProgramOutcome = { end: 'exit', code: 0, stdout: '', stderr: '' };

function setUp(platform: NodeJS.Platform, outcomes: ProgramOutcome[] = []) {
  const calls: Program[] = [];
  const warnings: Warning[] = [];
  const run = (program: Program): Promise<ProgramOutcome> => {
    calls.push(program);
    return Promise.resolve(outcomes.shift() ?? done);
  };
  const clock = { time: 0 };
  const sink = new SystemLogSink(
    { platform, source: 'payroll', level: 'debug', run, now: () => clock.time },
    (warning) => warnings.push(warning),
  );
  const turn = (): Promise<void> => new Promise((next) => setImmediate(next));
  return { sink, calls, warnings, turn, clock };
}
const limits = { timeoutMs: 30_000, maxOutputBytes: 65_536 };

describe.each(['linux', 'darwin', 'freebsd'] as const)('the system log of %s', (platform) => {
  it('is written by `logger`, all events of a level in one run', async () => {
    const { sink, calls, warnings } = setUp(platform);
    for (const [number, level] of (['info', 'info', 'debug', 'warning', 'error', 'error'] as const).entries())
      sink.write(numbered(number, level));
    await sink.close();
    const args = (priority: string): readonly string[] => ['-t', `payroll[${process.pid}]`, '-p', priority];
    expect(calls).toEqual([
      { program: 'logger', args: args('mail.info'), input: '#1 > event 0\n#1 > event 1\n', ...limits },
      { program: 'logger', args: args('mail.debug'), input: '#1 > event 2\n', ...limits },
      { program: 'logger', args: args('mail.warning'), input: '#1 > event 3\n', ...limits },
      { program: 'logger', args: args('mail.err'), input: '#1 > event 4\n#1 > event 5\n', ...limits },
    ]);
    expect(warnings).toEqual([]);
  });

  it('gets a server’s text escaped, on one line, and cut', async () => {
    const { sink, calls } = setUp(platform);
    const event: LogEvent = { ...numbered(0), type: 'command', display: `a\r\n<3>b\u001b[2J${'x'.repeat(2000)}` };
    sink.write(event);
    await sink.close();
    expect(calls[0]?.input).toMatch(/^#1 > a\\x0d\\x0a<3>b\\x1b\[2Jx{800,}…\n$/);
    expect(calls[0]?.input?.length).toBeLessThan(910);
  });
});

const windowsScript = `
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
try {
  $request = [Console]::In.ReadToEnd() | ConvertFrom-Json
  $source = $request.source
  $prefix = ''
  try {
    if (-not [Diagnostics.EventLog]::SourceExists($source)) { [Diagnostics.EventLog]::CreateEventSource($source, 'Application') }
  } catch { $source = '.NET Runtime'; $prefix = $request.source + ': ' }
  foreach ($entry in $request.entries) {
    [Diagnostics.EventLog]::WriteEntry($source, $prefix + $entry.text, $entry.type, 1000)
  }
} catch { [Console]::Error.Write($_.Exception.Message); exit 1 }
`;

describe('the event log of Windows', () => {
  it('is written by PowerShell, whose script is constant and whose input is JSON in ASCII', async () => {
    const { sink, calls } = setUp('win32');
    for (const [number, level] of (['info', 'debug', 'warning', 'error'] as const).entries())
      sink.write(numbered(number, level));
    sink.write({ ...numbered(4), type: 'command', display: `'; Remove-Item "x" $(y) ä` });
    await sink.close();
    expect(calls).toHaveLength(1);
    const [{ program, args, input = '' } = { program: '', args: [] }] = calls;
    expect(program).toBe('powershell.exe');
    expect(args.slice(0, -1)).toEqual([
      '-NoProfile',
      '-NonInteractive',
      '-ExecutionPolicy',
      'Bypass',
      '-EncodedCommand',
    ]);
    expect(Buffer.from(args.at(-1) ?? '', 'base64').toString('utf16le')).toBe(windowsScript);
    expect(calls[0]).toMatchObject(limits);
    expect(input).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(input)).toEqual({
      source: 'payroll',
      entries: [
        { text: '#1 > event 0', type: 'Information' },
        { text: '#1 > event 1', type: 'Information' },
        { text: '#1 > event 2', type: 'Warning' },
        { text: '#1 > event 3', type: 'Error' },
        { text: `#1 > '; Remove-Item "x" $(y) ä`, type: 'Information' },
      ],
    });
  });
});

const missing: ProgramOutcome = { end: 'missing', cause: undefined };

describe('a system log that fails', () => {
  it.each<[string, ProgramOutcome, RegExp]>([
    ['is missing', { end: 'missing', cause: undefined }, /logger is not installed/],
    [
      'fails',
      { end: 'exit', code: 1, stdout: '', stderr: 'no\u0007 socket\n' },
      /logger ended with 1 \(no\\x07 socket\)/,
    ],
    ['hangs', { end: 'timeout' }, /did not end within 30 s/],
    ['was killed', { end: 'killed', by: 'SIGTERM' }, /was ended by SIGTERM/],
  ])('because its program %s is told once, and has its events later', async (_what, outcome, message) => {
    const { sink, calls, warnings, turn, clock } = setUp('linux', [outcome, outcome]);
    for (const number of [0, 1, 2]) {
      sink.write(numbered(number));
      await turn();
      clock.time += 2_000;
    }
    expect(warnings).toEqual([{ code: 'WARN_LOG', message: expect.stringMatching(message) as string }]);
    expect(calls.map(({ input }) => input)).toEqual([
      '#1 > event 0\n',
      '#1 > event 0\n#1 > event 1\n',
      '#1 > event 0\n#1 > event 1\n#1 > event 2\n',
    ]);
    await sink.close();
    sink.write(numbered(3));
    await turn();
    expect(calls).toHaveLength(3);
  });

  it('goes on behind the level that was written', async () => {
    const { sink, calls, turn, clock } = setUp('linux', [done, { end: 'timeout' }]);
    sink.write(numbered(0, 'info'));
    sink.write(numbered(1, 'error'));
    await turn();
    clock.time += 1_000;
    sink.write(numbered(2, 'error'));
    await sink.close();
    expect(calls.map(({ input }) => input)).toEqual([
      '#1 > event 0\n',
      '#1 > event 1\n',
      '#1 > event 1\n#1 > event 2\n',
    ]);
  });

  it('is not asked for each event, but after 1, 2, 4 and so on to 30 s', async () => {
    const { sink, calls, warnings, turn, clock } = setUp('linux', Array<ProgramOutcome>(9).fill(missing));
    const times: number[] = [];
    for (let number = 0; number < 200; number++) {
      const before = calls.length;
      sink.write(numbered(number));
      await turn();
      if (calls.length > before) times.push(clock.time);
      clock.time += 500;
    }
    expect(times).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000]);
    expect(warnings).toHaveLength(1);
    clock.time += 30_000;
    await sink.close();
    expect(calls).toHaveLength(9);
  });

  it('gets the events that it holds when it is closed in the pause after a failure', async () => {
    const { sink, calls, turn } = setUp('linux', [missing]);
    sink.write(numbered(0));
    await turn();
    sink.write(numbered(1));
    await turn();
    expect(calls).toHaveLength(1);
    await sink.close();
    expect(calls.map(({ input }) => input)).toEqual(['#1 > event 0\n', '#1 > event 0\n#1 > event 1\n']);
    expect(calls[1]?.timeoutMs).toBe(10_000);
  });

  it('is asked once more where the run fails that was under way when it was closed', async () => {
    const { sink, calls } = setUp('linux', [missing, missing]);
    sink.write(numbered(0));
    await sink.close();
    expect(calls).toHaveLength(2);
  });
});
