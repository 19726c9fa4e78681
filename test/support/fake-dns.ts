/**
 * A DNS server in the test's process that knows A, AAAA, SRV and TXT records (RFC 1035, RFC 2782, RFC 3596). Other
 * names do not exist.
 * @module
 */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

export class FakeDns {
  readonly asked: string[] = [];
  readonly srv = new Map<
    string,
    readonly { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }[]
  >();
  readonly txt = new Map<string, readonly string[]>();
  /** IPv4 and IPv6 addresses by name. */
  readonly addresses = new Map<string, readonly string[]>();
  /** Types of records for which queries get no answer: 1 is A, 28 is AAAA. */
  readonly silentFor = new Set<number>();
  /** If true, answers SERVFAIL. */
  broken = false;
  silent = false;
  readonly #socket: Socket = createSocket('udp4');

  async listen(): Promise<this> {
    this.#socket.on('message', (query, from) => {
      const answer = this.#answer(query);
      if (!this.silent && answer !== undefined) this.#socket.send(answer, from.port, from.address);
    });
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    return this;
  }

  get address(): string {
    return `127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#socket.close();
  }

  #answer(query: Buffer): Buffer | undefined {
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
    if (this.silentFor.has(type)) return undefined;
    const data = this.broken ? [] : this.#records(type, name);
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    const exists = data.length > 0 || this.addresses.has(name);
    header.writeUInt16BE(this.broken ? 0x8182 : exists ? 0x8180 : 0x8183, 2);
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

  #records(type: number, name: string): Buffer[] {
    const addresses = this.addresses.get(name) ?? [];
    switch (type) {
      case 1:
        return addresses
          .filter((address) => !address.includes(':'))
          .map((address) => Buffer.from(address.split('.').map(Number)));
      case 28:
        return addresses.filter((address) => address.includes(':')).map(encodeIpv6);
      case 33:
        return (this.srv.get(name) ?? []).map(encodeSrv);
      default:
        return (this.txt.get(name) ?? []).map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]));
    }
  }
}

/** The 16 octets of an address with at most one `::` and no IPv4 part. */
function encodeIpv6(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (text: string): number[] =>
    text.split(':').flatMap((group) => (group === '' ? [] : [parseInt(group, 16)]));
  const [front, back] = [groups(head), groups(tail ?? '')];
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
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
