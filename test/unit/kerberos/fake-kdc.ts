/**
 * A small KDC in the test's process that can misbehave. It issues real tickets (RFC 4120), encrypted with the project's
 * own ciphers.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { Socket as UdpSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { EncryptionKey } from '../../../src/kerberos/crypto/encryption-type.js';
import { encryptionType, typeOfKey } from '../../../src/kerberos/crypto/encryption-types.js';
import { MalformedError } from '../../../src/kerberos/errors.js';
import type { Fields } from '../../../src/kerberos/protocol/asn1.js';
import { readApplication, readSequence } from '../../../src/kerberos/protocol/asn1.js';
import { encodeName, encodeString, readName } from '../../../src/kerberos/protocol/principal.js';
import type { Principal } from '../../../src/kerberos/protocol/principal.js';
import {
  bitString,
  children,
  context,
  element,
  generalizedTime,
  integer,
  octetString,
  readElement,
  sequence,
  wholeOf,
} from '../../../src/util/der.js';
import type { DerElement } from '../../../src/util/der.js';

/** The action of the KDC instead of its regular reply. */
export type Deed = Buffer | 'silence' | 'close' | { readonly drip: Buffer };

/** A request as the KDC received it. */
export interface SeenRequest {
  readonly transport: 'tcp' | 'udp';
  readonly type: number;
  readonly bytes: Buffer;
  readonly body: Fields;
  readonly client: Principal | undefined;
  readonly server: Principal;
  /** Types of pre-authentication data. */
  readonly data: readonly { readonly type: number; readonly value: Buffer }[];
}

/** The content of a ticket's encrypted part. */
export interface OpenTicket {
  readonly key: EncryptionKey;
  readonly client: Principal;
}

const application = (number: number, ...fields: readonly Buffer[]): Buffer =>
  element(0x60 | number, sequence(...fields));
const flags = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bitString(bytes);
};
const encodeKey = (key: EncryptionKey): Buffer =>
  sequence(context(0, integer(key.type)), context(1, octetString(key.value)));

export function encrypted(key: EncryptionKey, usage: number, plain: Uint8Array): Buffer {
  return sequence(
    context(0, integer(key.type)),
    context(2, octetString(typeOfKey(key).encrypt(key.value, usage, plain))),
  );
}

export function decrypted(key: EncryptionKey, usage: number, data: Fields): Buffer {
  return typeOfKey(key).decrypt(key.value, usage, data.octets(2));
}

/** A KRB-ERROR message. */
export function krbError(
  code: number,
  options: {
    readonly time?: number;
    readonly text?: string;
    readonly data?: Buffer;
    readonly clientRealm?: string;
    readonly realm?: string;
  } = {},
): Buffer {
  return application(
    30,
    context(0, integer(5)),
    context(1, integer(30)),
    context(4, generalizedTime(new Date(options.time ?? Date.now()))),
    context(5, integer(0)),
    context(6, integer(code)),
    ...(options.clientRealm === undefined ? [] : [context(7, encodeString(options.clientRealm))]),
    context(9, encodeString(options.realm ?? 'FAKE.TEST')),
    context(10, encodeName({ type: 2, components: ['krbtgt', 'FAKE.TEST'], realm: '' })),
    ...(options.text === undefined ? [] : [context(11, encodeString(options.text))]),
    ...(options.data === undefined ? [] : [context(12, octetString(options.data))]),
  );
}

/** Decrypts a ticket with the service's key. */
export function openTicket(ticket: Fields, key: EncryptionKey): OpenTicket {
  const part = readApplication(decrypted(key, 2, ticket.fields(3)), 3);
  const session = part.fields(1);
  return {
    key: { type: session.integer(0), value: session.octets(1) },
    client: readName(part.fields(3), part.string(2)),
  };
}

export class FakeKdc {
  readonly seen: SeenRequest[] = [];
  /** Called before each reply. If it returns undefined, the KDC answers regularly. */
  script: (request: SeenRequest, count: number) => Deed | undefined = () => undefined;
  /** Changes the regular reply. */
  mutate: (reply: Buffer) => Buffer = (reply) => reply;
  /** How far the KDC's clock is ahead of this machine's. */
  aheadMs = 0;
  /** The KDC refuses clients whose clock differs by more than this. */
  skewMs = 300_000;
  lifetimeMs = 10 * 3_600_000;
  renewableMs = 0;
  requirePreAuthentication = true;
  iterations: number | undefined;
  types: readonly number[] = [18, 17, 20, 19];
  /**
   * If true, the client's key is chosen in the order of the request, as MIT's KDC does; otherwise in the order of
   * `types`.
   */
  followsRequest = false;
  /** Types of session keys that the service supports; default `types`. */
  sessionTypes: readonly number[] | undefined;
  cookie: Buffer | undefined;
  /** Fields of a reply that are wrong. */
  spoil: { nonce?: boolean; client?: boolean; server?: boolean; encPaRep?: 'right' | 'wrong' | 'absent' } = {};
  readonly passwords = new Map<string, string>();
  readonly keys = new Map<string, EncryptionKey>();
  /** Realms by service name. */
  readonly referrals = new Map<string, string>();
  readonly #passwordKeys = new Map<string, Promise<Buffer>>();
  #tcp: Server | undefined;
  #udp: UdpSocket | undefined;
  readonly #sockets = new Set<Socket>();
  port = 0;

  constructor(readonly realm = 'FAKE.TEST') {
    this.keys.set(`krbtgt/${realm}`, { type: 18, value: randomBytes(32) });
  }

  /** The key of a service. It is made on first use. */
  key(name: string, type = 18): EncryptionKey {
    const known = this.keys.get(name);
    if (known !== undefined) return known;
    const made = { type, value: randomBytes(encryptionType(type)?.keyBytes ?? 0) };
    this.keys.set(name, made);
    return made;
  }

  async listen(udp = false): Promise<this> {
    for (;;) {
      const tcp = createServer((socket) => this.#serve(socket));
      await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
      this.#tcp = tcp;
      this.port = (tcp.address() as AddressInfo).port;
      if (!udp) return this;
      const socket = createSocket('udp4');
      const bound = await new Promise<boolean>((resolve) => {
        socket.once('error', () => resolve(false));
        socket.bind(this.port, '127.0.0.1', () => resolve(true));
      });
      if (bound) {
        this.#udp = socket.on('message', (message, from) => {
          void this.#answer('udp', message).then((deed) => {
            if (Buffer.isBuffer(deed)) socket.send(deed, from.port, from.address);
          });
        });
        return this;
      }
      tcp.close();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#udp?.close();
    await new Promise((resolve) => this.#tcp?.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket.on('error', () => socket.destroy()).on('close', () => this.#sockets.delete(socket)));
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readUInt32BE()) return;
      void this.#answer('tcp', received.subarray(4)).then((deed) => {
        if (deed === 'silence') return;
        if (deed === 'close') {
          socket.destroy();
          return;
        }
        const bytes = Buffer.isBuffer(deed) ? deed : deed.drip;
        const prefix = Buffer.alloc(4);
        prefix.writeUInt32BE(bytes.length);
        const reply = Buffer.concat([prefix, bytes]);
        if (Buffer.isBuffer(deed)) {
          socket.write(reply);
          return;
        }
        let at = 0;
        const timer = setInterval(() => socket.write(reply.subarray(at, ++at)), 20);
        socket.on('close', () => clearInterval(timer));
      });
    });
  }

  async #answer(transport: 'tcp' | 'udp', bytes: Buffer): Promise<Deed> {
    const request = readApplication(bytes, 10, 12);
    const body = request.fields(4);
    const server = readName(body.fields(3), body.string(2));
    const data = request.has(3)
      ? request.fieldsList(3).map((pa) => ({ type: pa.integer(1), value: pa.octets(2) }))
      : [];
    const client = body.has(1) ? readName(body.fields(1), body.string(2)) : undefined;
    const seen: SeenRequest = { transport, type: request.integer(2), bytes, body, client, server, data };
    this.seen.push(seen);
    const scripted = this.script(seen, this.seen.length);
    if (scripted !== undefined) return scripted;
    return this.mutate(seen.type === 10 ? await this.#authenticate(seen) : this.#grant(seen));
  }

  /** Keys are derived once for each password, because a real KDC stores keys. */
  #passwordKey(type: number, password: string, salt: string, iterations: number): Promise<Buffer> {
    const id = JSON.stringify([type, password, salt, iterations]);
    const known = this.#passwordKeys.get(id);
    if (known !== undefined) return known;
    const made = Promise.resolve(encryptionType(type)?.stringToKey(password, Buffer.from(salt), iterations));
    const key = made.then((bytes) => bytes ?? Buffer.alloc(0));
    this.#passwordKeys.set(id, key);
    return key;
  }

  get #now(): number {
    return Date.now() + this.aheadMs;
  }

  #error(code: number, data?: Buffer): Buffer {
    return krbError(code, { time: this.#now, realm: this.realm, ...(data === undefined ? {} : { data }) });
  }

  async #authenticate(request: SeenRequest): Promise<Buffer> {
    const name = request.client?.components.join('/') ?? '';
    const password = this.passwords.get(name);
    if (password === undefined || request.client === undefined) return this.#error(6);
    const requested = requestedTypes(request.bytes);
    const type = this.followsRequest
      ? requested.find((id) => this.types.includes(id))
      : this.types.find((id) => requested.includes(id));
    // The session key needs a type that the client asks for and for which the service has a key.
    if (this.sessionTypes?.some((id) => requested.includes(id)) === false) return this.#error(14);
    const algorithm = type === undefined ? undefined : encryptionType(type);
    if (type === undefined || algorithm === undefined) return this.#error(14);
    const salt = `salt of ${name}`;
    const iterations = this.iterations ?? algorithm.defaultIterations ?? 0;
    const parameters = Buffer.alloc(4);
    parameters.writeUInt32BE(iterations);
    const info = sequence(
      sequence(
        context(0, integer(type)),
        context(1, encodeString(salt)),
        ...(this.iterations === undefined ? [] : [context(2, octetString(parameters))]),
      ),
    );
    const pa = (number: number, value: Buffer): Buffer =>
      sequence(context(1, integer(number)), context(2, octetString(value)));
    const key = {
      type,
      value:
        iterations > 1e6
          ? Buffer.alloc(algorithm.keyBytes)
          : await this.#passwordKey(type, password, salt, Math.max(1, iterations)),
    };
    const stamp = request.data.find((found) => found.type === 2);
    if (stamp === undefined && this.requirePreAuthentication) {
      return this.#error(
        25,
        sequence(
          pa(136, Buffer.alloc(0)),
          pa(19, info),
          pa(2, Buffer.alloc(0)),
          ...(this.cookie === undefined ? [] : [pa(133, this.cookie)]),
        ),
      );
    }
    if (stamp !== undefined) {
      try {
        const time = readSequence(decrypted(key, 1, readSequence(stamp.value))).time(0);
        if (Math.abs(time - this.#now) > this.skewMs) return this.#error(37);
      } catch (error) {
        if (error instanceof MalformedError) return this.#error(24);
        throw error;
      }
    }
    const { encPaRep } = this.spoil;
    const checksum = algorithm.checksum(key.value, 56, encPaRep === 'wrong' ? Buffer.from('other') : request.bytes);
    const proof = sequence(context(0, integer(algorithm.checksumType)), context(1, octetString(checksum)));
    const more = encPaRep === 'right' || encPaRep === 'wrong' ? [context(12, sequence(pa(149, proof)))] : [];
    return this.#reply(
      11,
      request,
      request.client,
      key,
      3,
      [pa(19, info)],
      encPaRep === undefined ? 0 : 0x00010000,
      more,
    );
  }

  #grant(request: SeenRequest): Buffer {
    const header = request.data.find((found) => found.type === 1);
    if (header === undefined) return this.#error(60);
    const apRequest = readApplication(header.value, 14);
    const ticket = apRequest.application(3, 1).fields;
    const ticketKey = this.keys.get(readName(ticket.fields(2), '').components.join('/'));
    if (ticketKey === undefined) return this.#error(44);
    let open: OpenTicket;
    try {
      open = openTicket(ticket, ticketKey);
    } catch (error) {
      if (error instanceof MalformedError) return this.#error(31);
      throw error;
    }
    const authenticator = readApplication(decrypted(open.key, 7, apRequest.fields(4)), 2);
    if (Math.abs(authenticator.time(5) - this.#now) > this.skewMs) return this.#error(37);
    const algorithm = typeOfKey(open.key);
    const bodyBytes = wholeOf(request.bytes, bodyElement(request.bytes));
    if (!algorithm.checksum(open.key.value, 6, bodyBytes).equals(authenticator.fields(3).octets(1)))
      return this.#error(41);
    const name = request.server.components.join('/');
    const referred = this.referrals.get(name);
    const server = referred === undefined ? request.server : { ...request.server, components: ['krbtgt', referred] };
    if (!this.keys.has(server.components.join('/'))) return this.#error(7);
    return this.#reply(13, { ...request, server }, open.client, open.key, 8, [], 0, []);
  }

  #reply(
    type: 11 | 13,
    request: SeenRequest,
    client: Principal,
    key: EncryptionKey,
    usage: number,
    data: readonly Buffer[],
    flagBits: number,
    more: readonly Buffer[],
  ): Buffer {
    const serverKey = this.key(request.server.components.join('/'));
    const sessionType =
      (this.sessionTypes ?? this.types).find((id) => requestedTypes(request.bytes).includes(id)) ?? 18;
    const session = { type: sessionType, value: randomBytes(encryptionType(sessionType)?.keyBytes ?? 0) };
    const end = generalizedTime(new Date(this.#now + this.lifetimeMs));
    const now = generalizedTime(new Date(this.#now));
    const bits = flags((flagBits | (this.renewableMs > 0 ? 0x00800000 : 0)) >>> 0);
    const renewTill = this.renewableMs > 0 ? [context(8, generalizedTime(new Date(this.#now + this.renewableMs)))] : [];
    const ticketPart = application(
      3,
      context(0, bits),
      context(1, encodeKey(session)),
      context(2, encodeString(client.realm)),
      context(3, encodeName(client)),
      context(4, sequence(context(0, integer(0)), context(1, octetString(Buffer.alloc(0))))),
      context(5, now),
      context(7, end),
    );
    const server =
      this.spoil.server === true ? { ...request.server, components: ['other', 'service'] } : request.server;
    const ticket = application(
      1,
      context(0, integer(5)),
      context(1, encodeString(this.realm)),
      context(2, encodeName(server)),
      context(3, encrypted(serverKey, 2, ticketPart)),
    );
    const part = application(
      type === 11 ? 25 : 26,
      context(0, encodeKey(session)),
      context(1, sequence()),
      context(2, integer(request.body.integer(7) + (this.spoil.nonce === true ? 1 : 0))),
      context(4, bits),
      context(5, now),
      context(7, end),
      ...renewTill,
      context(9, encodeString(this.realm)),
      context(10, encodeName(server)),
      ...more,
    );
    const named = this.spoil.client === true ? { ...client, components: ['mallory'] } : client;
    return application(
      type,
      context(0, integer(5)),
      context(1, integer(type)),
      ...(data.length === 0 ? [] : [context(2, sequence(...data))]),
      context(3, encodeString(named.realm)),
      context(4, encodeName(named)),
      context(5, ticket),
      context(6, encrypted(key, usage, part)),
    );
  }
}

/** The element with the tag `[number]` in a SEQUENCE. */
function member(bytes: Buffer, parent: DerElement, number: number): DerElement {
  for (const field of children(bytes, parent))
    if (field.tag === (0xa0 | number)) return readElement(bytes, field.start);
  throw new Error(`no field ${number}`);
}

function bodyElement(request: Buffer): DerElement {
  return member(request, readElement(request, readElement(request, 0).start), 4);
}

export function requestedTypes(request: Buffer): number[] {
  const list = member(request, bodyElement(request), 8);
  return [...children(request, list)].map((type) =>
    request.subarray(type.start, type.end).readIntBE(0, type.end - type.start),
  );
}
