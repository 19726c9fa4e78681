/**
 * Runs a mechanism against Cyrus SASL's sample server, which exchanges base64 lines over its standard streams.
 * @module
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { SaslMechanism } from '../../src/model/sasl.js';

/** Whether the server accepted, and its other output. */
export interface SaslOutcome {
  readonly accepted: boolean;
  readonly output: string;
}

export async function exchangeWithSampleServer(
  mechanism: SaslMechanism,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<SaslOutcome> {
  const child = spawn('stdbuf', ['-oL', 'sasl-sample-server', '-s', 'smtp', '-m', mechanism.name, ...args], {
    env: environment,
    stdio: 'pipe',
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const challenges: Buffer[] = [];
  let wake = (): void => {};
  let open = true;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    output += `${line}\n`;
    if (line.startsWith('S: ')) challenges.push(Buffer.from(line.slice(3), 'base64'));
    wake();
  });
  lines.on('close', () => {
    open = false;
    wake();
  });
  const say = (...parts: readonly Uint8Array[]): void => {
    if (child.stdin.writable) child.stdin.write(`C: ${Buffer.concat(parts).toString('base64')}\n`);
  };
  child.stdin.on('error', () => child.stdin.destroy());
  const challenge = async (): Promise<Buffer | undefined> => {
    while (challenges.length === 0 && open && !/Negotiation complete/.test(output))
      await new Promise<void>((resolve) => (wake = resolve));
    return challenges.shift();
  };
  try {
    await challenge();
    const first = await mechanism.start({ host: 'localhost', port: 25, secure: true });
    say(Buffer.from(`${mechanism.name}\0`), first ?? Buffer.alloc(0));
    // After a success the server sends an empty line of data, which needs no answer.
    for (let next = await challenge(); next !== undefined && !mechanism.complete; next = await challenge())
      say(await mechanism.next(next));
    while (open && !/Negotiation complete/.test(output)) await new Promise<void>((resolve) => (wake = resolve));
    return { accepted: /Negotiation complete/.test(output), output };
  } finally {
    child.kill();
    await ended;
  }
}
