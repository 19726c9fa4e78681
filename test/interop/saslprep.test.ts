import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { saslprep } from '../../src/sasl/saslprep.js';

/**
 * Prepares each line of standard input with GNU SASL (libidn). Output is "-" for a refusal, otherwise "+" and the
 * result. Of its two modes the one that refuses unassigned code points is used; the value of its flag differs between
 * releases.
 */
const byGnuSasl = `
import ctypes, sys
gsasl = ctypes.CDLL("libgsasl.so.18")
def prepare(line, mode):
    out = ctypes.c_void_p()
    return None if gsasl.gsasl_saslprep(line, mode, ctypes.byref(out), None) else ctypes.string_at(out)
for line in sys.stdin.buffer.read().split(b"\\n"):
    prepared = [prepare(line, mode) for mode in (0, 1)]
    sys.stdout.buffer.write(b"-\\n" if None in prepared else b"+" + prepared[0] + b"\\n")
`;

/**
 * Five ideographs that Unicode 3.2 decomposed wrongly (Corrigendum 4). libidn keeps the error, as RFC 3454 literally
 * requires.
 */
const corrected = new Set([0x2f868, 0x2f874, 0x2f91f, 0x2f95f, 0x2f9bf]);

/** Ideographs, syllables, planes without characters, private use. Every 997th code point of these is tested. */
const uniformRanges = [
  [0x3400, 0x4db0],
  [0x4e00, 0x9fa0],
  [0xac00, 0xd7a0],
  [0xe000, 0xf8f0],
  [0x10800, 0x1cff0],
  [0x1d800, 0x1fff0],
  [0x20000, 0x2a6d0],
  [0x2a6e0, 0x2f7f0],
  [0x2fa20, 0x2fff0],
  ...[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16].map((plane) => [plane << 16, (plane << 16) + 0xfff0] as const),
  [0xe0100, 0xefff0],
] as const;

test('each code point between letters is prepared or refused as GNU SASL does (RFC 4013)', () => {
  const texts: string[] = [];
  for (let code = 1; code < 0x110000; code++) {
    const uniform = uniformRanges.some(([first, last]) => code > first && code < last);
    if (code === 0x0a || (code >= 0xd800 && code < 0xe000) || corrected.has(code) || (uniform && code % 997 !== 0))
      continue;
    texts.push(`x${String.fromCodePoint(code)}y`);
  }
  const { stdout, status } = spawnSync('python3', ['-c', byGnuSasl], { input: texts.join('\n'), maxBuffer: 1 << 26 });
  expect(status).toBe(0);
  const expected = stdout.toString('utf8').split('\n');
  const different: string[] = [];
  texts.forEach((text, i) => {
    const prepared = saslprep(text);
    const ours = typeof prepared === 'string' ? `+${prepared}` : '-';
    if (ours !== expected[i])
      different.push(
        `${JSON.stringify(text)} U+${text.codePointAt(1)?.toString(16)}: ${ours} in place of ${expected[i]}`,
      );
  });
  expect(texts.length).toBeGreaterThan(18_000);
  expect(different.slice(0, 20)).toEqual([]);
});
