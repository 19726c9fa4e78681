/**
 * Reads the answer of an HTTP proxy to CONNECT (RFC 9112) line by line. A body is only read so that the connection can
 * be used again.
 * @module
 */
import type { ProxyDialogue } from './dialogue.js';
import { ProxyFault, notAProxy } from './dialogue.js';

const maxHeaderBytes = 16 * 1024;
const maxBodyBytes = 64 * 1024;
const maxInterimResponses = 8;

/** The header of a final response; its body has not been read yet. */
export interface HttpResponse {
  readonly status: number;
  /** Status and reason phrase, unchanged. */
  readonly words: string;
  /** Values by name in lower case, in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** May another request use this connection once the body was read? */
  readonly keepsAlive: boolean;
}

/** Sends a request and reads exactly the header of the final response: the octets after a 2xx belong to the tunnel. */
export function* exchangeHttp(request: string): ProxyDialogue<HttpResponse> {
  let send: Buffer | undefined = Buffer.from(request, 'latin1');
  for (let i = 0; i < maxInterimResponses; i++) {
    const header = yield* readHeader(send);
    if (header.status >= 200) return header;
    send = undefined;
  }
  throw new ProxyFault('sent interim responses without end', { remedy: notAProxy });
}

function* readHeader(send: Buffer | undefined): ProxyDialogue<HttpResponse> {
  let left = maxHeaderBytes;
  let turn = send;
  const headers = new Map<string, string[]>();
  const readLine = function* (): ProxyDialogue<string> {
    const bytes: Buffer = yield { send: turn, read: { line: true, limit: left } };
    turn = undefined;
    left = Math.max(1, left - bytes.length);
    return bytes.toString('latin1').replace(/\r?\n$/, '');
  };
  const statusLine = yield* readLine();
  const [, minor, digits, reason = ''] = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: (.*))?$/.exec(statusLine) ?? [];
  if (digits === undefined) throw new ProxyFault('does not reply in HTTP', { words: statusLine, remedy: notAProxy });
  for (let line = yield* readLine(); line !== ''; line = yield* readLine()) {
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new ProxyFault('sent a malformed header field', { words: line, remedy: notAProxy });
    const key = name.toLowerCase();
    headers.set(key, [...(headers.get(key) ?? []), value.trimEnd()]);
  }
  const connection = [...(headers.get('connection') ?? []), ...(headers.get('proxy-connection') ?? [])]
    .join(',')
    .toLowerCase();
  const keepsAlive = minor === '1' ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
  return { status: Number(digits), words: `${digits} ${reason}`.trim(), headers, keepsAlive };
}

/**
 * Reads the body of a response that is not a tunnel. True if the next request may follow: the body was short and its
 * end was found.
 */
export function* skipBody({ keepsAlive, headers }: HttpResponse): ProxyDialogue<boolean> {
  if (!keepsAlive) return false;
  const coding = headers.get('transfer-encoding')?.join(',').toLowerCase();
  if (coding !== undefined) return coding.trim() === 'chunked' && (yield* skipChunks());
  const lengths = headers.get('content-length') ?? [];
  const length = Number(lengths[0]);
  if (lengths.length !== 1 || !/^\d{1,15}$/.test(lengths[0] ?? '') || length > maxBodyBytes) return false;
  if (length > 0) yield { send: undefined, read: length };
  return true;
}

function* skipChunks(): ProxyDialogue<boolean> {
  for (let left = maxBodyBytes; left > 0;) {
    const line: Buffer = yield { send: undefined, read: { line: true, limit: 1024 } };
    const digits = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?\r?\n$/.exec(line.toString('latin1'))?.[1];
    if (digits === undefined) return false;
    const size = parseInt(digits, 16);
    left -= size + line.length;
    if (size === 0) return yield* skipTrailers();
    if (left <= 0) return false;
    yield { send: undefined, read: size + 2 };
  }
  return false;
}

function* skipTrailers(): ProxyDialogue<boolean> {
  for (let left = maxHeaderBytes; left > 0;) {
    const line: Buffer = yield { send: undefined, read: { line: true, limit: left } };
    if (/^\r?\n$/.test(line.toString('latin1'))) return true;
    left -= line.length;
  }
  return false;
}
