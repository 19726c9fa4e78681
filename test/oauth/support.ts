/**
 * The authorization server in its process, and a person who signs in without a browser.
 * @module
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ProviderOptions {
  readonly issuer?: string;
  /** Path of a PEM key. */
  readonly signingKey?: string;
  readonly clientKeys?: readonly object[];
  readonly lifeSeconds?: number;
  readonly port?: number;
}

export interface ProviderEvent {
  readonly event: string;
  readonly error?: string;
  readonly detail?: string;
}

export interface RealProvider extends AsyncDisposable {
  readonly origin: string;
  readonly events: readonly ProviderEvent[];
}

/** Starts `oidc-provider`. */
export async function startProvider(options: ProviderOptions = {}): Promise<RealProvider> {
  const script = fileURLToPath(new URL('provider.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const complaints: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk.toString()));
  const events: ProviderEvent[] = [];
  const origin = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the provider ended: ${complaints.join('')}`)));
    createInterface(child.stdout).on('line', (line) => {
      // The package prints warnings of its own.
      if (!line.startsWith('{')) return;
      const said = JSON.parse(line) as { origin?: string } & ProviderEvent;
      if (said.origin === undefined) events.push(said);
      else resolve(said.origin);
    });
  });
  return {
    origin,
    events,
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}

interface Page {
  readonly url: string;
  readonly status: number;
  readonly html: string;
}

/** Follows links and submits forms, with cookies, as a browser does. */
export class Person {
  readonly #cookies = new Map<string, string>();

  async visit(url: string, body?: URLSearchParams): Promise<Page> {
    const { host } = new URL(url);
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { Cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(body && { method: 'POST', body }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null) return await this.visit(new URL(location, url).href);
    return { url: `http://${host}${new URL(url).pathname}`, status: response.status, html: await response.text() };
  }

  /** Submits the first form of a page, with its hidden fields and these. */
  async submit({ url, html }: Page, fields: Readonly<Record<string, string>>): Promise<Page> {
    const [, action = ''] = /<form[^>]*action="([^"]*)"/.exec(html) ?? [];
    const body = new URLSearchParams();
    for (const [input] of html.matchAll(/<input[^>]*type="hidden"[^>]*>/g))
      body.set(/name="([^"]*)"/.exec(input)?.[1] ?? '', /value="([^"]*)"/.exec(input)?.[1] ?? '');
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return await this.visit(new URL(action, url).href, body);
  }

  /** Signs in at the provider. The returned page is that of the listener. */
  async signIn(url: string, login = 'alice', answer = 'yes'): Promise<Page> {
    return await this.submit(await this.visit(url), { login, answer });
  }
}
