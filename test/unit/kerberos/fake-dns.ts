import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

/** A DNS server in-process that knows SRV and TXT records (RFC 1035, RFC 2782); other names do not exist. */
export class FakeDns {
  readonly asked: string[] = [];
  readonly srv = new Map<
    string,
    readonly { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }[]
  >();
  readonly txt = new Map<string, readonly string[]>();
  /** Answers SERVFAIL where set. */
  broken = false;
  silent = false;
  readonly #socket: Socket = createSocket('udp4');

  async listen(): Promise<this> {
    this.#socket.on(
      'message',
      (query, from) => this.silent || this.#socket.send(this.#answer(query), from.port, from.address),
    );
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    return this;
  }

  get address(): string {
    return `127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#socket.close();
  }

  #answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(12, at + 5);
    const name = labels.join('.').toLowerCase();
    this.asked.push(`${type} ${name}`);
    const data = this.broken
      ? []
      : type === 33
        ? (this.srv.get(name) ?? []).map(encodeSrv)
        : (this.txt.get(name) ?? []).map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]));
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(this.broken ? 0x8182 : data.length === 0 ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(data.length, 6);
    const records = data.map((rdata) => {
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(type, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(60, 6);
      record.writeUInt16BE(rdata.length, 10);
      return Buffer.concat([record, rdata]);
    });
    return Buffer.concat([header, question, ...records]);
  }
}

function encodeSrv(record: {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}): Buffer {
  const numbers = Buffer.alloc(6);
  numbers.writeUInt16BE(record.priority, 0);
  numbers.writeUInt16BE(record.weight, 2);
  numbers.writeUInt16BE(record.port, 4);
  const labels = record.target.split('.').filter((label) => label !== '');
  return Buffer.concat([
    numbers,
    ...labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.of(0),
  ]);
}
