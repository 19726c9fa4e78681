import { spawn } from 'node:child_process';

/** The description of a part by python-email.py. */
export interface PythonPart {
  readonly type: string;
  readonly filename: string | null;
  readonly cid: string | null;
  readonly description: string | null;
  readonly disposition: string | null;
  readonly defects: readonly string[];
  readonly parts?: readonly PythonPart[];
  readonly content?: string;
  readonly text?: string;
}
export interface PythonMessage extends PythonPart {
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly addresses: Readonly<Record<string, readonly (readonly [string, string, string])[]>>;
}

/** Parses each message with Python's email package, policy SMTP. */
export async function readByPython(messages: readonly Buffer[]): Promise<PythonMessage[]> {
  const child = spawn('python3', ['test/interop/python-email.py'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(messages.map((message) => `${message.toString('base64')}\n`).join(''));
  const out: Buffer[] = [];
  for await (const chunk of child.stdout) out.push(chunk as Buffer);
  return Buffer.concat(out)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PythonMessage);
}
