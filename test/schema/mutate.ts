/** Profiles with one or two small changes: keys that are left out, misspelt or moved, and values of other kinds. */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Place = { readonly holder: Json[] | { [key: string]: Json }; readonly key: string | number };

/** Values that a form, a hand or a program may leave in a profile. */
const values: readonly Json[] = [
  null,
  '',
  ' ',
  'x',
  'two words',
  'a\nb',
  'tab\there',
  'nul\0',
  'é',
  '日本.example',
  'x'.repeat(300),
  'x'.repeat(1200),
  'ann@example.com',
  'Ann <ann@example.com>',
  'mail.example.com',
  'mail.example.com.',
  'mail.example.com:587',
  '192.0.2.1',
  '256.0.0.1',
  '1.2.3',
  '2001:db8::1',
  '[2001:db8::1]',
  'https://login.example.com/token',
  'http://login.example.com/token',
  'http://127.0.0.1:8080/x',
  'https://{tenant}.example.com/',
  'smtp/mail.example.com',
  'user@REALM',
  'none',
  'auto',
  'socks5://proxy:1080',
  'socks9://proxy',
  'http://u:p@proxy',
  'ldap://ldap.example.com',
  'user',
  '[redacted]',
  'From',
  'X-Tag',
  'STARTTLS',
  'a1'.repeat(32),
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n',
  '587',
  'true',
  true,
  false,
  0,
  -1,
  1,
  1.5,
  25,
  65535,
  65536,
  2 ** 31,
  1e21,
  [],
  [''],
  ['x'],
  [null],
  {},
  { env: 'NAME' },
  { env: 'A=B' },
  { file: 'x.pem' },
  { file: '' },
  { env: 'A', file: 'b' },
  { base64: 'AQID' },
  { base64: '!' },
  { base64: '' },
  { email: 'ann@example.com' },
  { type: 'auto' },
  { type: 'socks4', host: 'proxy', password: 'x' },
  { type: 'socks5', host: 'proxy', username: 'é'.repeat(200) },
  { method: 'external' },
  { method: 'kerberos' },
  { method: 'xoauth2', username: 'ann' },
  { method: 'password', username: 'ann' },
  { method: 'custom' },
  { data: 'AQID', store: 'user' },
  { store: 'machine' },
  { store: 'user', select: {} },
  { store: 'user', select: { alias: 'a', email: 'b' } },
  { directory: 'certs' },
  { path: 'mail.log', maxFiles: 3 },
  { source: 'a b' },
];

/** Every place in a profile where a value stands. */
function placesOf(value: Json, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    found.push({ holder: value as Place['holder'], key } as Place);
    placesOf((value as Record<string | number, Json>)[key] ?? null, found);
  }
  return found;
}

const read = ({ holder, key }: Place): Json => (holder as Record<string | number, Json>)[key] ?? null;
const write = ({ holder, key }: Place, value: Json): void => {
  (holder as Record<string | number, Json>)[key] = structuredClone(value);
};

/** A copy of one of the profiles with a change. `next(n)` is a number from 0 to n - 1. */
export function mutated(profiles: readonly unknown[], next: (limit: number) => number): unknown {
  const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  const profile = structuredClone(pick(profiles)) as Json;
  for (let changes = 1 + next(2); changes > 0; changes--) {
    const place = pick(placesOf(profile));
    const { holder, key } = place;
    switch (next(6)) {
      case 0:
      case 1:
        write(place, pick(values));
        break;
      case 2:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete holder[key];
        break;
      case 3: {
        const from = placesOf(structuredClone(pick(profiles)) as Json).filter((other) => other.key === key);
        write(place, from.length > 0 ? read(pick(from)) : pick(values));
        break;
      }
      case 4: {
        const from = pick(placesOf(structuredClone(pick(profiles)) as Json));
        if (Array.isArray(holder)) holder.push(structuredClone(read(from)));
        else holder[String(from.key)] = structuredClone(read(from));
        break;
      }
      default: {
        const value = read(place);
        if (typeof value === 'number') write(place, value + pick([-1, 1, 0.5, 1e6]));
        else if (typeof value === 'string')
          write(place, next(2) === 0 ? value.toUpperCase() : `${value}${pick(['x', ' ', '.', '@', '\r'])}`);
        else write(place, pick(values));
      }
    }
  }
  return profile;
}
