/**
 * The bytes of a store's file: a header, a MAC over everything, and the contents, each ended by a line feed.
 * @module
 */
import { timingSafeEqual } from 'node:crypto';
import { resealed } from './content.js';
import type { Content, SealContext } from './content.js';
import type { KeyDerivation, StoreKeys } from './store-key.js';
import { jsonText } from '../util/own.js';

/** The first line. */
export interface Header {
  readonly format: string;
  readonly version: number;
  readonly key: KeyDerivation;
  readonly check: string;
}

/** A version of the format, with the conversions from older versions. */
export interface Format {
  readonly version: number;
  readonly upgrades: ReadonlyMap<number, (content: unknown) => unknown>;
}

/** Version 1 is the first. */
export const currentFormat: Format = { version: 1, upgrades: new Map() };

const formatName = 'sealpost profile store';

/** The parts of a file. Nothing in it is trusted before `verifiedContent`. */
export interface RawFile {
  readonly header: Header;
  readonly headerLine: string;
  readonly mac: Buffer;
  readonly content: Buffer;
}

/** The three parts, or undefined if it is not a store's file. */
export function parseFile(bytes: Buffer): RawFile | undefined {
  const first = bytes.indexOf('\n');
  const second = bytes.indexOf('\n', first + 1);
  if (second < 0) return undefined;
  const headerLine = bytes.toString('latin1', 0, first);
  const macText = bytes.toString('latin1', first + 1, second);
  const mac = Buffer.from(macText, 'base64');
  const header = parseHeader(headerLine);
  // Several base64 texts decode to the same bytes; only the canonical one is accepted.
  if (header === undefined || mac.toString('base64') !== macText) return undefined;
  return { header, headerLine, mac, content: bytes.subarray(second + 1) };
}

function parseHeader(line: string): Header | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { format, version, key, check }: { readonly [name in keyof Header]?: unknown } = Object(value);
  const { kdf, salt, cost }: { readonly [name in keyof KeyDerivation]?: unknown } = Object(key);
  if (format !== formatName || typeof version !== 'number' || !Number.isInteger(version) || version < 1)
    return undefined;
  if ((kdf !== 'scrypt' && kdf !== 'raw') || typeof salt !== 'string' || typeof check !== 'string') return undefined;
  return { format, version, key: { kdf, salt, cost: typeof cost === 'number' ? cost : undefined }, check };
}

/** The contents in the current version, or undefined if the MAC does not match these bytes and keys. */
export function verifiedContent(file: RawFile, keys: StoreKeys, format: Format): Content | undefined {
  const mac = macOf(file.headerLine, file.content, keys);
  if (mac.length !== file.mac.length || !timingSafeEqual(mac, file.mac)) return undefined;
  let content: unknown = JSON.parse(file.content.toString('utf8'));
  for (let { version } = file.header; version < format.version; version++)
    content = format.upgrades.get(version)?.(content) ?? content;
  // The MAC proves that this library wrote it, in this shape.
  return content as Content;
}

/** The header of files made with these keys. */
export function headerOf(keys: StoreKeys, key: KeyDerivation, { version }: Format): Header {
  return { format: formatName, version, key, check: keys.check };
}

/** The bytes of a file. */
export function fileBytes(header: Header, content: Content, keys: StoreKeys): Buffer {
  const headerLine = jsonText(header);
  const body = Buffer.from(`${jsonText(content, 1)}\n`);
  return Buffer.concat([Buffer.from(`${headerLine}\n${macOf(headerLine, body, keys).toString('base64')}\n`), body]);
}

function macOf(headerLine: string, content: Uint8Array, keys: StoreKeys): Buffer {
  return keys.authenticate(headerLine, '\n', content);
}

/** The keys of one file, and the version of its encrypted values. */
export class Sealer {
  readonly #keys: StoreKeys;
  readonly #version: number;

  constructor(keys: StoreKeys, version: number) {
    this.#keys = keys;
    this.#version = version;
  }

  seal(value: string | Uint8Array, context: SealContext): string {
    return this.#keys.seal(Buffer.from(value), [this.#version, ...context]);
  }

  /** undefined if it was encrypted for another place, or changed. */
  open(sealed: string, context: SealContext): Buffer | undefined {
    return this.#keys.open(sealed, [this.#version, ...context]);
  }
}

/** Encrypts every value again, for another key, version or name. `damaged` throws. */
export function reseal(
  content: Content,
  from: Sealer,
  to: Sealer,
  damaged: (context: SealContext) => never,
  names: (name: string) => string = (name) => name,
): Content {
  return resealed(content, names, (sealed, before, after) => {
    // A value that does not change keeps its bytes.
    if (from === to && jsonText(before) === jsonText(after)) return sealed;
    return to.seal(from.open(sealed, before) ?? damaged(before), after);
  });
}
