/**
 * Recognizes text that repeats a secret. Servers repeat what they receive: whole, cut short, in another case, encoded,
 * or encoded twice. Text that repeats any part of a secret is hidden as a whole, because the rest would reveal where
 * the secret was and how long it is.
 * @module
 */

/** Replaces text that repeats a secret. */
export const hiddenText = '<hidden>';

/** A shorter secret would be found by chance in any text. */
const shortest = 4;
/** This many successive characters of a secret are not a coincidence. */
const run = 12;
/** The depth of decoding: a challenge may be JSON in base64 that contains a percent-encoded token. */
const maxDepth = 2;

/** Secrets that were sent to one peer. */
export class Secrets {
  /** Secrets without blanks, in lower case. */
  readonly #forms = new Set<string>();
  /** Secrets shorter than a run. They are found as a whole, or without their last characters. */
  readonly #short = new Set<string>();
  /**
   * The fewest characters that give a secret away, encoded or not, and the fewest for one that is not itself encoded.
   */
  #shortest = run;
  #least = run;
  #runs: RunTable | undefined;

  constructor(secrets: Iterable<string> = []) {
    for (const secret of secrets) this.add(secret);
  }

  /**
   * Adds a secret, unless it has fewer than four characters. `encoded` says that it contains a secret in base64 and is
   * only searched for as it is.
   */
  add(secret: string, encoded = false): void {
    const form = normalized(secret).replace(/=+$/, '');
    if (form.length < shortest || this.#forms.has(form)) return;
    this.#forms.add(form);
    this.#runs = undefined;
    if (form.length >= run) return;
    const needed = form.length < 8 ? form.length : form.length - 2;
    this.#short.add(form.slice(0, needed));
    this.#shortest = Math.min(this.#shortest, needed);
    if (!encoded) this.#least = Math.min(this.#least, needed);
  }

  get isEmpty(): boolean {
    return this.#forms.size === 0;
  }

  /** Returns the text, or its replacement if it repeats a secret. */
  shown(text: string): string {
    return this.isIn(text) ? hiddenText : text;
  }

  /** Does the text reveal a secret? The time is proportional to the text, plus the secrets once. */
  isIn(text: string): boolean {
    if (this.isEmpty) return false;
    this.#runs ??= new RunTable([...this.#forms].filter((form) => form.length >= run));
    return this.#isIn(text, 0);
  }

  #isIn(text: string, depth: number): boolean {
    const form = normalized(text);
    if (form.length < this.#shortest) return false;
    if (this.#runs?.hasRunOf(form) === true) return true;
    for (const secret of this.#short) if (form.includes(secret)) return true;
    if (depth === maxDepth) return false;
    for (const decoded of decodings(text, this.#least)) if (this.#isIn(decoded, depth + 1)) return true;
    return false;
  }
}

/** Text in one case and one Unicode form, without invisible characters: lines are wrapped, and UTF-16 contains NULs. */
function normalized(text: string): string {
  const form = /[^\0-\x7f]/.test(text) ? text.normalize('NFKC') : text;
  return form.toLowerCase().replace(/[\0-\x20\x7f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g, '');
}

/** The decoded forms of a text. Together they are a few times as long as the text. */
function* decodings(text: string, least: number): Generator<string> {
  const plain = /[%\\&=]/.test(text) ? unescaped(text) : text;
  if (plain !== text) yield plain;
  // In form encoding a blank is a plus sign, and a plus sign is escaped.
  if (text.includes('+')) yield unescaped(text.replaceAll('+', ' '));
  // LDAP writes \53 (RFC 4514), programs write 0x53.
  const pairs = text.replace(/(?:\\|0x)(?=[\dA-Fa-f]{2})/g, '');
  for (const [spaced] of pairs.matchAll(/[\dA-Fa-f](?:[ :.,;-]{0,2}[\dA-Fa-f]){7,}/g)) {
    const digits = spaced.replace(/[^\dA-Fa-f]/g, '');
    if (digits.length < 2 * least) continue;
    for (let at = 0; at < 2; at++) yield Buffer.from(digits.slice(at), 'hex').toString('utf8');
  }
  // In base64, four characters are three octets. Line breaks may occur in it.
  const size = Math.ceil((least * 4) / 3);
  for (const [encoded] of text.replace(/[\r\n]+/g, '').matchAll(/[A-Za-z0-9+/_-]{5,}/g)) {
    if (encoded.length < size) continue;
    // Other characters may precede the base64 text, so its start is unknown.
    for (let at = 0; at < 4; at++) yield Buffer.from(encoded.slice(at), 'base64').toString('utf8');
  }
}

const entities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** Undoes percent-encoding, escapes of JSON and of C, quoted-printable, and HTML character references, all at once. */
function unescaped(text: string): string {
  const escapes =
    /((?:(?:[%=]|\\x)[\dA-Fa-f]{2})+)|\\u([\dA-Fa-f]{4})|\\([\\"/'])|&#(\d{1,7});|&#x([\dA-Fa-f]{1,6});|&([a-z]{2,4});/g;
  return text.replace(
    escapes,
    (whole: string, octets?: string, unit?: string, plain?: string, ...references: unknown[]) => {
      const [decimal, hexadecimal, name] = references as (string | undefined)[];
      if (octets !== undefined) return Buffer.from(octets.replace(/[%=]|\\x/g, ''), 'hex').toString('utf8');
      if (plain !== undefined) return plain;
      if (name !== undefined) return entities.get(name) ?? whole;
      const code = decimal === undefined ? parseInt(unit ?? hexadecimal ?? '', 16) : Number(decimal);
      return code > 0x10ffff ? whole : String.fromCodePoint(code);
    },
  );
}

/**
 * A table of the runs of all forms, by hash. The factor of the hash is random, so that a server that knows the secret
 * cannot construct collisions.
 */
class RunTable {
  readonly #text: string;
  readonly #slots: Int32Array;
  readonly #shift: number;
  readonly #factor = (Math.floor(Math.random() * 0x40000000) << 2) | 5;
  /** The factor for the character that leaves the window. */
  readonly #last: number;

  constructor(forms: readonly string[]) {
    this.#text = forms.join('\n');
    const bits = Math.max(4, Math.ceil(Math.log2(2 * this.#text.length + 1)));
    this.#slots = new Int32Array(1 << bits);
    this.#shift = 32 - bits;
    let last = 1;
    for (let i = 1; i < run; i++) last = Math.imul(last, this.#factor);
    this.#last = last;
    for (const form of forms) this.#each(form, (hash) => this.#add(hash));
  }

  hasRunOf(text: string): boolean {
    return this.#each(text, (hash, end) => this.#has(hash) && this.#text.includes(text.slice(end - run, end)));
  }

  /** Calls `act` with the hash of each run until it returns true. */
  #each(text: string, act: (hash: number, end: number) => boolean): boolean {
    let hash = 0;
    for (let at = 0; at < text.length; at++) {
      if (at >= run) hash = (hash - Math.imul(text.charCodeAt(at - run), this.#last)) | 0;
      hash = (Math.imul(hash, this.#factor) + text.charCodeAt(at)) | 0;
      if (at >= run - 1 && act(hash, at + 1)) return true;
    }
    return false;
  }

  #add(hash: number): boolean {
    this.#slots[this.#slotOf(hash)] = hash;
    return false;
  }

  #has(hash: number): boolean {
    return this.#slots[this.#slotOf(hash)] === hash;
  }

  /** The slot of the hash, or the empty slot for it. */
  #slotOf(hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = Math.imul(hash, 0x9e3779b1) >>> this.#shift;
    for (let found = this.#slots[slot]; found !== 0 && found !== hash; found = this.#slots[slot])
      slot = (slot + 1) & mask;
    return slot;
  }
}
