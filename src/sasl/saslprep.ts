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

/** The reason why SASLprep refuses a string. It names the rule, never the character. */
export interface SaslprepProblem {
  /** Continues "it", such as "is empty". */
  readonly problem: string;
}

/**
 * Prepares a stored string by SASLprep (RFC 4013), as SCRAM requires (RFC 5802 section 2.2): maps and normalizes it
 * (NFKC). Refuses strings with prohibited characters, with mixed directions against RFC 3454 section 6, or with
 * characters that Unicode 3.2 does not assign.
 */
export function saslprep(text: string): string | SaslprepProblem {
  if (/^[ -~]*$/.test(text)) return text;
  // U+200B is in both tables. The table of spaces takes precedence, as in libidn and PostgreSQL.
  const mapped = [...text].map(spaceOrSelf(nonAsciiSpace)).filter(outside(mappedToNothing)).join('');
  // Checked before NFKC: Node normalizes by a newer Unicode, which turns some code points unassigned in 3.2 into
  // assigned ones.
  if (![...mapped].every(outside(unassigned)))
    return { problem: 'contains a character that is newer than Unicode 3.2 (RFC 4013 section 2.5)' };

  const characters = [...mapped.normalize('NFKC')];
  if (!characters.every(outside(prohibited)))
    return { problem: 'contains a character that RFC 4013 section 2.3 prohibits, such as a control character' };
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

/**
 * Tests membership in a table. Tables are unpacked at each use, because only text beyond ASCII needs them, and that is
 * rare.
 */
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
