import { describe, expect, it } from 'vitest';
import { hideSecrets } from '../../../src/util/hide-secrets.js';

const secret = 's3cret+/=&"Ä value';

describe('hideSecrets', () => {
  it.each([
    ['as it is', secret],
    ['percent-encoded', encodeURIComponent(secret)],
    ['percent-encoded in small letters', encodeURIComponent(secret).replace(/%../g, (hex) => hex.toLowerCase())],
    ['as a form', new URLSearchParams({ a: secret }).toString().slice(2)],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
  ])('hides a secret %s', (_what, form) => {
    expect(hideSecrets(`before ${form} after`, [secret])).toBe('before [hidden] after');
  });

  it.each(['base64', 'base64url'] as const)('hides a secret in %s, whatever stands around it', (encoding) => {
    for (let before = 0; before < 6; before++) {
      for (let after = 0; after < 4; after++) {
        const text = Buffer.from('x'.repeat(before) + secret + 'y'.repeat(after)).toString(encoding);
        const shown = hideSecrets(text, [secret]);
        expect(shown).toContain('[hidden]');
        expect(shown.replace('[hidden]', '').length).toBeLessThan(16);
      }
    }
  });

  it('hides each of several, one of which holds another', () => {
    expect(hideSecrets('abcdef abcd', ['abcd', 'abcdef'])).toBe('[hidden] [hidden]');
  });

  it('leaves text alone that only looks like a short one', () => {
    expect(hideSecrets('an apple', ['a', ''])).toBe('an apple');
  });
});
