/**
 * Removes secrets from text of a server, in the encodings in which servers repeat their input.
 *
 * @module
 */

/** Replaces a secret. */
export const hiddenMark = '[hidden]';

/** Shorter secrets are not hidden: they occur in any text by chance. */
const shortest = 4;

/** The text without the secrets: as they are, percent-encoded, escaped for JSON, and in base64 or base64url at any offset. */
export function hideSecrets(text: string, secrets: Iterable<string>): string {
  let shown = text;
  for (const form of formsOf(secrets)) shown = shown.replaceAll(form, hiddenMark);
  return shown;
}

/** Longest first: one form may hold another. */
function formsOf(secrets: Iterable<string>): readonly string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < shortest) continue;
    const percent = encodeURIComponent(secret);
    forms
      .add(secret)
      .add(percent)
      .add(percent.replace(/%[\dA-F]{2}/g, (hex) => hex.toLowerCase()));
    forms.add(new URLSearchParams([['', secret]]).toString().slice(1)).add(JSON.stringify(secret).slice(1, -1));
    for (let offset = 0; offset < 3; offset++) {
      const core = base64Core(Buffer.from(secret, 'utf8'), offset);
      forms.add(core).add(core.replaceAll('+', '-').replaceAll('/', '_')).add(encodeURIComponent(core));
    }
  }
  return [...forms].filter((form) => form.length >= shortest).sort((a, b) => b.length - a.length);
}

/** The base64 characters that depend on the secret alone, where `offset` bytes (modulo 3) stand before it. */
function base64Core(secret: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), secret]).toString('base64');
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + secret.length) * 8) / 6));
}
