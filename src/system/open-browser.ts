/**
 * Starts the system's browser with a URL. There is no shell: the URL is one argument of a program.
 * @module
 */
import { spawn } from 'node:child_process';

/** A program and its arguments. */
export interface BrowserCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** The program that opens a URL on this platform. */
export function browserCommand(platform: NodeJS.Platform, url: string): BrowserCommand {
  if (platform === 'win32') return { program: 'rundll32.exe', args: ['url.dll,FileProtocolHandler', url] };
  return { program: platform === 'darwin' ? 'open' : 'xdg-open', args: [url] };
}

/**
 * Starts the browser. Rejects if the program is missing or fails. The program may run as long as the browser does, so
 * the promise may stay pending: do not wait for it.
 */
export function openBrowser(url: string, command = browserCommand(process.platform, new URL(url).href)): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.program, command.args, { stdio: 'ignore', detached: true, windowsHide: true });
    child.unref();
    child.on('error', (cause: NodeJS.ErrnoException) =>
      reject(new Error(`${command.program}: ${cause.code ?? cause.message}`, { cause })),
    );
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command.program} ended with ${code === null ? `signal ${signal}` : `code ${code}`}`));
    });
  });
}
