/**
 * Drives Chromium by the DevTools protocol, over the two pipes of --remote-debugging-pipe. Chromium must be installed.
 * @module
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

type Parameters = Readonly<Record<string, unknown>>;

/** An event of a page, of its frames and of its workers. */
export interface ChromiumEvent {
  readonly method: string;
  readonly params: Parameters;
}

/** A tab. */
export interface ChromiumPage {
  /** All events since the tab was opened. */
  readonly events: readonly ChromiumEvent[];
  command(method: string, params?: Parameters): Promise<Parameters>;
  /** Goes to a page, and waits until it is loaded with its frames. */
  goto(url: string): Promise<void>;
  /** The value of an expression, a promise's too. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until two frames were painted. */
  painted(): Promise<void>;
  /** Presses the mouse at a place of the view. */
  click(x: number, y: number): Promise<void>;
  /** Writes the whole page as PNG. */
  screenshot(path: string): Promise<void>;
  close(): Promise<void>;
}

/** A browser. */
export interface Chromium extends AsyncDisposable {
  open(size?: { readonly width: number; readonly height: number }): Promise<ChromiumPage>;
}

function executable(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, 'chromium')).find((path) => existsSync(path));
  return process.env['CHROMIUM'] ?? found ?? 'chromium';
}

interface Waiting {
  readonly resolve: (result: Parameters) => void;
  readonly reject: (error: Error) => void;
}

/** Starts Chromium without a window. `flags` are added to those of every test. */
export async function startChromium(...flags: readonly string[]): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const own = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
  const child = spawn(
    executable(),
    [...own, '--disable-component-update', '--remote-debugging-pipe', `--user-data-dir=${profile}`, ...flags],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const input = child.stdio[3] as Writable;
  const output = child.stdio[4] as Readable;
  const waiting = new Map<number, Waiting>();
  const listeners = new Set<(session: string | undefined, event: ChromiumEvent) => void>();
  let last = 0;
  let rest = '';
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const texts = (rest + chunk).split('\0');
    rest = texts.pop() ?? '';
    for (const text of texts) {
      const { id, result, error, method, params, sessionId } = JSON.parse(text) as {
        id?: number;
        result?: Parameters;
        error?: { message: string };
        method?: string;
        params?: Parameters;
        sessionId?: string;
      };
      if (id === undefined)
        for (const listener of [...listeners]) listener(sessionId, { method: method ?? '', params: params ?? {} });
      else {
        if (error === undefined) waiting.get(id)?.resolve(result ?? {});
        else waiting.get(id)?.reject(new Error(error.message));
        waiting.delete(id);
      }
    }
  });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const fail = (error: Error): void => waiting.forEach(({ reject }) => reject(error));
  child.once('error', fail);
  void exited.then(() => fail(new Error('Chromium has ended')));
  const command = (method: string, params: Parameters = {}, sessionId?: string): Promise<Parameters> =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      input.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    });

  const open = async ({ width, height } = { width: 1000, height: 900 }): Promise<ChromiumPage> => {
    const { targetId } = await command('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = (await command('Target.attachToTarget', { targetId, flatten: true })) as {
      sessionId: string;
    };
    const events: ChromiumEvent[] = [];
    const sessions = new Set([sessionId]);
    const watch = async (session: string): Promise<void> => {
      for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await command(`${domain}.enable`, {}, session);
      await command(
        'Target.setAutoAttach',
        { autoAttach: true, waitForDebuggerOnStart: false, flatten: true },
        session,
      );
    };
    const stopped = new Set<() => void>();
    listeners.add((session, event) => {
      if (!sessions.has(session ?? '')) return;
      events.push(event);
      if (event.method === 'Target.attachedToTarget') {
        const added = String(event.params['sessionId']);
        sessions.add(added);
        // A frame may be gone before the commands arrive.
        void watch(added).catch(() => undefined);
      }
      if (event.method === 'Page.loadEventFired' && session === sessionId) for (const call of [...stopped]) call();
    });
    await watch(sessionId);
    await command(
      'Emulation.setDeviceMetricsOverride',
      { width, height, deviceScaleFactor: 1, mobile: false },
      sessionId,
    );
    const own = (method: string, params?: Parameters) => command(method, params, sessionId);
    const evaluate = async <T>(expression: string): Promise<T> => {
      const answer = await own('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
      if (answer['exceptionDetails'] !== undefined) throw new Error(JSON.stringify(answer['exceptionDetails']));
      return (answer['result'] as { value: T }).value;
    };
    return {
      events,
      command: own,
      evaluate,
      async goto(url) {
        const loaded = new Promise<void>((resolve) => {
          const call = (): void => {
            stopped.delete(call);
            resolve();
          };
          stopped.add(call);
        });
        const { errorText } = await own('Page.navigate', { url });
        if (errorText !== undefined) throw new Error(`${url}: ${String(errorText)}`);
        await loaded;
      },
      painted: () => evaluate('new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => r())))'),
      async click(x, y) {
        for (const type of ['mousePressed', 'mouseReleased'])
          await own('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
      },
      async screenshot(path) {
        const { data } = await own('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
        writeFileSync(path, Buffer.from(String(data), 'base64'));
      },
      close: async () => void (await command('Target.closeTarget', { targetId })),
    };
  };
  return {
    open,
    async [Symbol.asyncDispose]() {
      await command('Browser.close').catch(() => undefined);
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
