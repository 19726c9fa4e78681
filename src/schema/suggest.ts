/**
 * Suggestions for mistyped names, and for names from other programs.
 * @module
 */
import { own } from './schema.js';

/**
 * Words of other programs, in lower case without `_`, `-` and spaces, each with a sentence that names the word to use.
 */
export type OtherWords = Readonly<Record<string, string>>;

/** The sentence for a word in any spelling. */
export function otherWord(words: OtherWords, word: string): string | undefined {
  const sentence = own(words, plainWord(word));
  return typeof sentence === 'string' ? sentence : undefined;
}

/** The known name that a mistyped one most likely stands for. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  // Longer than any known name: it resembles none, and the table below stays small.
  if (name.length > 40) return undefined;
  const plain = plainWord(name);
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.floor(plain.length / 3)) + 1;
  for (const candidate of known) {
    const other = plainWord(candidate);
    const begins = plain.length >= 3 && other.length >= 3 && (other.startsWith(plain) || plain.startsWith(other));
    const distance = plain === other ? 0 : begins ? 1 : editDistance(plain, other);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** A name without the differences of spelling: case, `_`, `-` and spaces. */
export function plainWord(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}

/** The number of insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
