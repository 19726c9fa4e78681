/**
 * Reads UTCTime and GeneralizedTime (RFC 5280 section 4.1.2.5), also in the variants of old certificates.
 * @module
 */
import { contentOf, tag } from '../../util/der.js';
import type { DerElement } from '../../util/der.js';

const utcPattern = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})$/;
const generalizedPattern = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d{1,9})?(Z|[+-]\d{4})$/;

/** The time in an element. RangeError if it is not a time. Fractions of a second are dropped. */
export function readTime(bytes: Uint8Array, part: DerElement | undefined): Date {
  if (part?.tag !== tag.utcTime && part?.tag !== tag.generalizedTime) throw new RangeError('a time is missing');
  const text = contentOf(bytes, part).toString('latin1');
  const match = (part.tag === tag.utcTime ? utcPattern : generalizedPattern).exec(text);
  if (match === null) throw new RangeError(`the time at byte ${part.offset} is not well-formed`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((digits) => Number(digits ?? 0));
  const fullYear = part.tag === tag.generalizedTime ? year : year < 50 ? 2000 + year : 1900 + year;
  const date = new Date(0);
  date.setUTCFullYear(fullYear, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const inRange =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    minute < 60 &&
    second < 60;
  if (!inRange) throw new RangeError(`the time at byte ${part.offset} does not exist`);
  return new Date(date.getTime() - offsetMs(match[7] ?? 'Z'));
}

function offsetMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
