/**
 * An authorization server on loopback that gives the test's answers and records requests.
 * @module
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ProviderCall {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
}

/** The answer of a path: JSON by default, or a function that writes the response. */
export type ProviderAnswer =
  | {
      readonly status?: number;
      readonly json?: unknown;
      readonly text?: string;
      readonly headers?: Record<string, string>;
    }
  | ((response: ServerResponse) => void);

export interface FakeProvider extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly calls: ProviderCall[];
  /** Answers by path; by default the last given one. */
  readonly answers: Map<string, (call: ProviderCall) => ProviderAnswer | Promise<ProviderAnswer>>;
}

export const bearer = (accessToken: string, more: object = {}): ProviderAnswer => ({
  json: { access_token: accessToken, token_type: 'Bearer', expires_in: 3600, ...more },
});

export const refusal = (error: string, description = '', status = 400): ProviderAnswer => ({
  status,
  json: { error, error_description: description },
});

export async function startFakeProvider(
  answers: Readonly<Record<string, (call: ProviderCall) => ProviderAnswer | Promise<ProviderAnswer>>> = {},
): Promise<FakeProvider> {
  const calls: ProviderCall[] = [];
  const table = new Map(Object.entries(answers));
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const path = (request.url ?? '').split('?')[0] ?? '';
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const call = { path, method: request.method ?? '', headers: request.headers, form };
      calls.push(call);
      const answer = (await table.get(path)?.(call)) ?? { status: 404, text: 'nothing here' };
      if (typeof answer === 'function') return answer(response);
      const { status = 200, json, text = JSON.stringify(json), headers } = answer;
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(text);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    answers: table,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
