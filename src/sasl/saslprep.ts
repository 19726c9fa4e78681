/**
 * SASLprep (RFC 4013).
 * @module
 */
import {
  leftToRight,
  mappedToNothing,
  nonAsciiSpace,
  prohibited,
  rightToLeft,
  unassigned,
} from './stringprep-tables.js';

/** Why SASLprep refuses a string; it names the rule, never the character. */
export interface SaslprepProblem {
  /** Continues "it". */
  readonly problem: string;
}

/**
 * SASLprep (RFC 4013) of a stored string, as RFC 5802 section 2.2 wants it for SCRAM: mapped, normalized (NFKC), refused where it
 * holds what is prohibited, mixes directions against RFC 3454 section 6, or is not in Unicode 3.2.
 */
export function saslprep(text: string): string | SaslprepProblem {
  if (/^[ -~]*$/.test(text)) return text;
  // U+200B is in both tables; the space wins, as in libidn and PostgreSQL.
  const mapped = [...text].map(spaceOrSelf(nonAsciiSpace)).filter(outside(mappedToNothing)).join('');
  // Before NFKC: Node's is that of a newer Unicode, which turns some code points that 3.2 lacks into others that it has.
  if (![...mapped].every(outside(unassigned)))
    return { problem: 'holds a character that is newer than Unicode 3.2 (RFC 4013 section 2.5)' };

  const characters = [...mapped.normalize('NFKC')];
  if (!characters.every(outside(prohibited)))
    return { problem: 'holds a character that RFC 4013 section 2.3 prohibits, such as a control character' };
  const isRightToLeft = inside(rightToLeft);
  if (characters.some(isRightToLeft)) {
    const [first = '', last = ''] = [characters[0], characters.at(-1)];
    if (characters.some(inside(leftToRight)) || !isRightToLeft(first) || !isRightToLeft(last)) {
      return { problem: 'mixes right-to-left with left-to-right characters (RFC 3454 section 6)' };
    }
  }
  return characters.join('');
}

type Test = (character: string) => boolean;

/** Membership in a table. The tables are unpacked at each use: only text beyond ASCII needs them, and that is rare. */
function inside(table: string): Test {
  const borders: number[] = [];
  let border = 0;
  for (const run of table.split(' ')) borders.push((border += parseInt(run, 36)));
  return (character) => {
    const code = character.codePointAt(0) ?? 0;
    let [low, high] = [0, borders.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((borders[middle] ?? 0) <= code) low = middle + 1;
      else high = middle;
    }
    return low % 2 === 1;
  };
}

function outside(table: string): Test {
  const isInside = inside(table);
  return (character) => !isInside(character);
}

function spaceOrSelf(table: string): (character: string) => string {
  const isSpace = inside(table);
  return (character) => (isSpace(character) ? ' ' : character);
}
