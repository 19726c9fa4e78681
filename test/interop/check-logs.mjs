/**
 * Searches everything that was logged during the tests for every secret: those of the test bed, and those that the
 * library was given or sent. Each is searched for unchanged, in base64 at each of its three alignments, in hex and
 * percent-encoded. `node check-logs.mjs TESTBED_JSON` exits with 1 if one is found, or if too little was logged.
 * @module
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const testbed = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const log = readFileSync(join(testbed.state, 'log', 'sealpost.log'));
const used = readFileSync(join(testbed.state, 'log', 'secrets.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));

/** Passwords by name, tokens (JWTs), and a line of each private key file. */
function secretsIn(value, path) {
  if (typeof value === 'string') {
    if (/key$/i.test(path.at(-1))) return [[path.join('.'), readFileSync(value, 'latin1').split('\n')[2]]];
    const isSecret = /password$/i.test(path.at(-1)) || /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(value);
    return isSecret ? [[path.join('.'), value]] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) => secretsIn(entry, [...path, key]));
}

function formsOf(secret) {
  const bytes = Buffer.from(secret);
  const forms = [
    bytes.toString('latin1'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeURIComponent(secret),
  ];
  for (const start of [0, 1, 2]) {
    // The characters that depend on the neighbouring bytes are left out.
    const text = Buffer.concat([Buffer.alloc(start), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const inner = text.slice(Math.ceil((start * 8) / 6), Math.floor(((start + bytes.length) * 8) / 6));
    forms.push(inner, inner.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms.filter((form) => form.length >= 8);
}

/** One line of a private key is enough, whatever its line length. */
const lineOf = (value) => (value.includes('PRIVATE KEY-----') ? value.split('\n')[2] : value);

const secrets = new Map(
  [...secretsIn(testbed, []), ...used].map(([name, value]) => [lineOf(value), name]).filter(([value]) => value),
);
if (used.length < 8 || log.length < 10_000) {
  console.error(`check-logs: ${used.length} secrets and ${log.length} bytes of log are too few to be all`);
  process.exit(1);
}
/** The forms by their first four octets, so that the long log is read only once. */
const forms = new Map();
for (const [secret, name] of secrets)
  for (const form of new Set(formsOf(secret))) {
    const bytes = Buffer.from(form, 'latin1');
    const start = bytes.readUInt32LE(0);
    forms.set(start, [...(forms.get(start) ?? []), { bytes, name }]);
  }

let found = 0;
for (let at = 0; at + 4 <= log.length && found < 20; at++)
  for (const { bytes, name } of forms.get(log.readUInt32LE(at)) ?? []) {
    if (log.compare(bytes, 0, bytes.length, at, Math.min(log.length, at + bytes.length)) !== 0) continue;
    found++;
    const start = log.lastIndexOf('\n', at) + 1;
    const before = log.toString('latin1', Math.max(start, at - 100), at);
    console.error(`check-logs: ${name} is in the logs: …${before}[secret]`);
  }
if (found === 0) console.log(`check-logs: none of ${secrets.size} secrets in ${log.length} bytes of log`);
process.exitCode = found === 0 ? 0 : 1;
