import type { KerberosTicket } from '../../../../src/kerberos/credentials/ticket.js';
import type { Principal } from '../../../../src/kerberos/protocol/principal.js';

/** Writes a FILE ticket cache of version 4 (MIT krb5, "Credential cache file format"). */

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
const counted = (value: string | Uint8Array): Buffer =>
  Buffer.concat([u32(Buffer.from(value).length), Buffer.from(value)]);
const principalBytes = (principal: Principal): Buffer =>
  Buffer.concat([
    u32(principal.type),
    u32(principal.components.length),
    counted(principal.realm),
    ...principal.components.map(counted),
  ]);

export function writeCache(principal: Principal, tickets: readonly KerberosTicket[], offsetSeconds = 0): Buffer {
  const header = Buffer.concat([u16(1), u16(8), u32(offsetSeconds), u32(0)]);
  const credentials = tickets.map((ticket) =>
    Buffer.concat([
      principalBytes(ticket.client),
      principalBytes(ticket.server),
      u16(ticket.key.type),
      counted(ticket.key.value),
      ...[ticket.startTime, ticket.startTime, ticket.endTime, ticket.renewTill ?? 0].map((time) => u32(time / 1000)),
      Buffer.of(0),
      u32(ticket.flags),
      u32(0),
      u32(0),
      counted(ticket.der),
      counted(''),
    ]),
  );
  return Buffer.concat([u16(0x0504), u16(header.length), header, principalBytes(principal), ...credentials]);
}
