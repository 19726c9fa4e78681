/**
 * The acceptor's side of AUTH GSSAPI, which can misbehave.
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { EncryptionKey } from '../../../src/kerberos/crypto/encryption-type.js';
import { typeOfKey } from '../../../src/kerberos/crypto/encryption-types.js';
import { frame, unframe } from '../../../src/kerberos/gss/token.js';
import { readApplication } from '../../../src/kerberos/protocol/asn1.js';
import { readName } from '../../../src/kerberos/protocol/principal.js';
import { context, element, generalizedTime, integer, octetString, sequence } from '../../../src/util/der.js';
import { decrypted, encrypted, openTicket } from './fake-kdc.js';

export class FakeService {
  /** The 0x8003 checksum that the client sent. */
  checksum: Buffer = Buffer.alloc(0);
  client = '';
  /** The client's answer to the offer of security layers: its choice and its authorization id. */
  answer: Buffer = Buffer.alloc(0);
  #context: EncryptionKey = { type: 18, value: Buffer.alloc(32) };
  #seq = 0;
  #subkeySent = false;

  constructor(
    readonly key: EncryptionKey,
    readonly options: {
      readonly subkey?: boolean;
      readonly subkeyType?: number;
      readonly wrongTime?: boolean;
      readonly layers?: number;
      readonly rotation?: number;
      readonly sequence?: number;
      readonly offerFlags?: number;
      readonly offerAhead?: number;
    } = {},
  ) {}

  /** The AP-REP for an AP-REQ. */
  accept(token: Uint8Array): Buffer {
    const request = readApplication(unframe(token).body, 14);
    const open = openTicket(request.application(3, 1).fields, this.key);
    const authenticator = readApplication(decrypted(open.key, 11, request.fields(4)), 2);
    this.client = readName(authenticator.fields(2), authenticator.string(1)).components.join('/');
    this.checksum = authenticator.fields(3).octets(1);
    const own = authenticator.fields(6);
    this.#context = { type: own.integer(0), value: own.octets(1) };
    const subkey: Buffer[] = [];
    if (this.options.subkey === true) {
      const type = this.options.subkeyType ?? this.#context.type;
      this.#context = { type, value: randomBytes(type === 17 || type === 19 || type === 23 ? 16 : 32) };
      this.#subkeySent = true;
      subkey.push(
        context(2, sequence(context(0, integer(this.#context.type)), context(1, octetString(this.#context.value)))),
      );
    }
    this.#seq = this.options.sequence ?? 4711;
    const part = element(
      0x60 | 27,
      sequence(
        context(0, generalizedTime(new Date(authenticator.time(5) + (this.options.wrongTime === true ? 1000 : 0)))),
        context(1, integer(authenticator.integer(4))),
        ...subkey,
        context(3, integer(this.#seq)),
      ),
    );
    const reply = element(
      0x60 | 15,
      sequence(context(0, integer(5)), context(1, integer(15)), context(2, encrypted(open.key, 12, part))),
    );
    return frame(0x0200, reply);
  }

  /** The offer of security layers, wrapped as in RFC 4121 section 4.2.6.2. */
  offer(message: Uint8Array = Buffer.of(this.options.layers ?? 1, 0, 0, 0)): Buffer {
    const header = this.#header(
      this.options.offerFlags ?? (this.#subkeySent ? 0x05 : 0x01),
      this.#seq + (this.options.offerAhead ?? 0),
    );
    const checksum = typeOfKey(this.#context).checksum(this.#context.value, 22, Buffer.concat([message, header]));
    const body = Buffer.concat([message, checksum]);
    const rotation = this.options.rotation ?? 0;
    header.writeUInt16BE(checksum.length, 4);
    header.writeUInt16BE(rotation, 6);
    const cut = body.length - (rotation % body.length);
    return Buffer.concat([header, body.subarray(cut), body.subarray(0, cut)]);
  }

  /** Reads the client's choice. */
  finish(token: Buffer): void {
    const length = typeOfKey(this.#context).checksumBytes;
    const message = token.subarray(16, -length);
    const header = Buffer.from(token.subarray(0, 16));
    header.writeUInt32BE(0, 4);
    const checksum = typeOfKey(this.#context).checksum(this.#context.value, 24, Buffer.concat([message, header]));
    if (!checksum.equals(token.subarray(-length))) throw new Error('the checksum of the answer is wrong');
    this.answer = message;
  }

  #header(flags: number, sequenceNumber: number): Buffer {
    const header = Buffer.alloc(16);
    header.writeUInt16BE(0x0504);
    header[2] = flags;
    header[3] = 0xff;
    header.writeBigUInt64BE(BigInt(sequenceNumber), 8);
    return header;
  }
}
