/**
 * The terminal: output with and without colour, progress, and passwords that do not show.
 * @module
 */
import { UsageError } from './usage.js';

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** Text for people on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Text beside the result: progress, warnings, transcripts and errors, on standard error. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** One JSON document on standard output. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}

function hasColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && process.env['TERM'] !== 'dumb' && (process.env['NO_COLOR'] ?? '') === '';
}

/** Text with a style, if the stream is a terminal that shows it. */
export function styled(style: keyof typeof styles, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return hasColour(stream) ? `\u001b[${styles[style]}m${text}\u001b[0m` : text;
}

/** Shows progress on one line of the terminal, and nothing in a pipe. The result ends the line. */
export function startProgress(): { readonly show: (text: string) => void; readonly end: () => void } {
  const isShown = process.stderr.isTTY;
  let used = false;
  return {
    show(text) {
      if (!isShown) return;
      used = true;
      process.stderr.write(`\r\u001b[K${text}`);
    },
    end() {
      if (used) process.stderr.write('\r\u001b[K');
      used = false;
    },
  };
}

/** The standard input, once it was read. */
const inputsRead = new WeakSet<object>();

/** All of standard input. UsageError the second time, when nothing is left. */
export async function readInput(): Promise<Buffer> {
  if (inputsRead.has(process.stdin))
    throw new UsageError('standard input is used twice: name a file for one of the two');
  inputsRead.add(process.stdin);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const [enter, interrupt, endOfInput, backspace, erase] = ['\r', '\u0003', '\u0004', '\b', '\u007f'] as const;

/** Asks for a password on the terminal, and shows nothing of it. UsageError if there is no terminal. */
export function askPassword(question: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY)
    return Promise.reject(
      new UsageError(`${question}: there is no terminal to ask on; use --password-env or --password-file`),
    );
  return new Promise((resolve, reject) => {
    let typed = '';
    const finish = (settle: () => void): void => {
      stdin.removeListener('data', onData).setRawMode(false).pause();
      stderr.write('\n');
      settle();
    };
    const onData = (chunk: string): void => {
      for (const character of chunk) {
        if (character === enter || character === '\n') return finish(() => resolve(typed));
        if (character === interrupt || character === endOfInput)
          return finish(() => reject(new UsageError('no password was given')));
        typed = character === backspace || character === erase ? typed.slice(0, -1) : typed + character;
      }
    };
    // The question comes last: what is typed after it does not show.
    stdin.setEncoding('utf8').setRawMode(true).resume().on('data', onData);
    stderr.write(`${question}: `);
  });
}
