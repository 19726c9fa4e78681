/**
 * The list of attributes inside NTLM messages.
 * @module
 */
import { asBuffer } from '../../util/bytes.js';

/** AV_PAIR (MS-NLMP section 2.2.2.1): an attribute of the server or the client inside the messages. */
export interface AvPair {
  readonly id: number;
  readonly value: Buffer;
}

/** The ids of the attributes in use. */
export const avId = { end: 0, flags: 6, timestamp: 7, targetName: 9, channelBindings: 10 } as const;

/** MsvAvFlags: set if the AUTHENTICATE message has an integrity code. */
export const hasMicFlag = 0x2;

/** Decodes the pairs before MsvAvEOL. A RangeError names the byte at which they are malformed. */
export function parseTargetInfo(bytes: Uint8Array): readonly AvPair[] {
  const info = asBuffer(bytes);
  const pairs: AvPair[] = [];
  for (let at = 0; at < info.length;) {
    if (at + 4 > info.length) throw new RangeError(`target information ends inside the pair at byte ${at}`);
    const id = info.readUInt16LE(at);
    const end = at + 4 + info.readUInt16LE(at + 2);
    if (id === avId.end) break;
    if (end > info.length) throw new RangeError(`target information ends inside the pair at byte ${at}`);
    const value = info.subarray(at + 4, end);
    const size = fixedSizes.get(id);
    if (size !== undefined && value.length !== size)
      throw new RangeError(`pair ${id} of the target information has ${value.length} bytes instead of ${size}`);
    pairs.push({ id, value });
    at = end;
  }
  return pairs;
}

/** Encodes the pairs and MsvAvEOL. */
export function encodeTargetInfo(pairs: readonly AvPair[]): Buffer {
  const parts = pairs.flatMap(({ id, value }) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(id);
    head.writeUInt16LE(value.length, 2);
    return [head, value];
  });
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

const fixedSizes: ReadonlyMap<number, number> = new Map([
  [avId.flags, 4],
  [avId.timestamp, 8],
]);
