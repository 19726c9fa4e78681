/**
 * A profile store whose files were tampered with: `node store-tampering.mjs`. Each line of the table is refused with
 * ERR_STORE and a remedy, by a store that has the file open and by a new one. Nothing is written, and with the right
 * file back all data is there.
 * @module
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProfileStore, profileToJson } from 'sealpost';

const directory = fs.mkdtempSync(join(tmpdir(), 'sealpost-tampering-'));
process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));
const file = join(directory, 'store', 'profiles.store');
const key = new Uint8Array(32).fill(7);
const isRoot = process.getuid?.() === 0;
const open = (more = {}) => openProfileStore({ file, key, ...more });
const profile = (name, password) => ({
  name,
  description: `that of ${name}`,
  sender: { email: 'sender@example.com' },
  server: { host: 'mail.example.com' },
  authentication: { method: 'login', username: name, password },
});

const store = await open();
for (const [name, password] of [
  ['ann', 'password of ann'],
  ['bob', 'password of bob'],
]) {
  await store.save(profile(name, password));
  await store.saveCached(name, 'smime.sign.certificate', Buffer.from(`certificate of ${name}`));
  await store.saveTokens(JSON.stringify([name, 'client']), { accessToken: `token of ${name}`, tokenType: 'Bearer' });
}
const older = fs.readFileSync(file);
await store.activate('ann');
const good = fs.readFileSync(file);
const revisionFile = join(`${file}.state`, 'revision');
const revision = fs.readFileSync(revisionFile);

async function whole(from) {
  const all = [];
  for (const { name, active } of await from.list())
    all.push([
      active,
      profileToJson(await from.get(name), { secrets: 'include' }),
      Buffer.from(await from.loadCached(name, 'smime.sign.certificate')).toString(),
      await from.loadTokens(JSON.stringify([name, 'client'])),
    ]);
  return JSON.stringify(all);
}
const everything = await whole(store);

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    assert.equal(error.code, 'ERR_STORE', String(error.stack));
    assert.ok(error.remedy, error.message);
    for (const secret of ['password of', 'token of', 'certificate of'])
      assert.ok(!JSON.stringify(error).includes(secret));
    return error.message.replace(/^The profile store \S+ /, '');
  }
  return undefined;
}

/** Damages the file, checks the refusal, and restores everything. */
async function refused(what, harm, { opening = open, openStore = store } = {}) {
  await harm();
  const message = await refusal(opening);
  assert.ok(message, `${what} was not refused`);
  if (openStore !== null)
    for (const call of [() => openStore.get('ann'), () => openStore.save(profile('ann', 'another'))])
      assert.ok(await refusal(call), `${what} was not refused by a store that was open`);
  fs.rmSync(file, { recursive: true, force: true });
  fs.writeFileSync(file, good, { mode: 0o600 });
  fs.chmodSync(file, 0o600);
  fs.writeFileSync(revisionFile, revision);
  assert.equal(await whole(await open()), everything, what);
  return message;
}

const rows = [];
const row = async (what, ...rest) => rows.push([what, await refused(what, ...rest)]);

await row('another key', () => {}, { opening: () => open({ key: new Uint8Array(32).fill(8) }), openStore: null });
await row('a passphrase for a key', () => {}, { opening: () => open({ key: 'a passphrase' }), openStore: null });

/**
 * The offset of each value in the file: those of the header, the authentication code, and each line of the content that
 * has one.
 */
function fields(bytes) {
  const text = bytes.toString('latin1');
  const headerEnd = text.indexOf('\n');
  const macEnd = text.indexOf('\n', headerEnd + 1);
  const found = [['authentication code', headerEnd + 1]];
  for (const match of text.matchAll(/"?(\w*)"?: ?("?)(?=[^\s{[])/g)) {
    const at = match.index + match[0].length;
    if (at < headerEnd || at > macEnd) found.push([match[1], at]);
  }
  return found;
}
const places = fields(good);
for (const [name, at] of places)
  for (let bit = 0; bit < 8; bit++) {
    const bad = Buffer.from(good);
    bad[at] ^= 1 << bit;
    await refused(`bit ${bit} of ${name} at ${at}`, () => fs.writeFileSync(file, bad), { openStore: null });
  }
rows.push([
  `each bit of the first octet of ${places.length} fields (${new Set(places.map(([name]) => name)).size} names)`,
  'refused each time',
]);

function withContent(change) {
  const text = good.toString();
  const start = text.indexOf('\n', text.indexOf('\n') + 1) + 1;
  const content = JSON.parse(text.slice(start));
  change(content);
  return text.slice(0, start) + `${JSON.stringify(content, null, 1)}\n`;
}
const swap = (list, field) => ([list[0][field], list[1][field]] = [list[1][field], list[0][field]]);
await row('passwords of two profiles swapped', () =>
  fs.writeFileSync(
    file,
    withContent(({ profiles: [a, b] }) => swap([a.secrets[0], b.secrets[0]], 'sealed')),
  ),
);
await row('names of two profiles swapped', () =>
  fs.writeFileSync(
    file,
    withContent(({ profiles }) => swap(profiles, 'name')),
  ),
);
await row('certificates swapped', () =>
  fs.writeFileSync(
    file,
    withContent(({ certificates }) => swap(certificates, 'sealed')),
  ),
);
await row('tokens swapped', () =>
  fs.writeFileSync(
    file,
    withContent(({ tokens }) => swap(tokens, 'sealed')),
  ),
);
await row('the host of a server changed', () =>
  fs.writeFileSync(file, good.toString().replace('mail.example.com', 'evil.example.com')),
);
await row('an older file in its place', () => fs.writeFileSync(file, older));
await row('half the file', () => fs.writeFileSync(file, good.subarray(0, good.length / 2)));
await row('an empty file', () => fs.writeFileSync(file, ''));
await row('no file', () => fs.rmSync(file));
await row('a directory', () => {
  fs.rmSync(file);
  fs.mkdirSync(file);
});
if (process.platform !== 'win32') {
  await row('a symbolic link to the file', () => {
    fs.renameSync(file, join(directory, 'real'));
    fs.symlinkSync(join(directory, 'real'), file);
  });
  await row('a symbolic link to nothing', () => {
    fs.rmSync(file);
    fs.symlinkSync(join(directory, 'nothing'), file);
  });
  assert.ok(!fs.existsSync(join(directory, 'nothing')));
  await row('a pipe', () => {
    fs.rmSync(file);
    execFileSync('mkfifo', ['-m', '600', file]);
  });
  for (const mode of [0o640, 0o604, 0o660, 0o666])
    await row(`mode ${mode.toString(8)}`, () => fs.chmodSync(file, mode));
  if (isRoot) await row('another owner', () => fs.chownSync(file, 12345, 12345));
  const { mode } = fs.statSync(join(file, '..'));
  fs.chmodSync(join(file, '..'), 0o777);
  rows.push(['a directory that others write to', await refusal(open)]);
  fs.chmodSync(join(file, '..'), mode);
}

const before = fs.readdirSync(directory).sort();
for (const name of ['__proto__', 'constructor', '../x', '/etc/passwd', 'a\\b', '.', 'x\u0000y']) {
  const saved = await store.save(profile(name, 'pw')).then(
    () => true,
    (error) => error.code,
  );
  if (saved === true) {
    assert.equal((await store.get(name)).name, name);
    await store.saveTokens(name, { accessToken: 'x', tokenType: 'Bearer' });
    await store.lock(name, async () => {});
    assert.equal(await store.delete(name), true);
  }
  rows.push([`the name ${JSON.stringify(name)}`, saved === true ? 'is taken like others' : `refused with ${saved}`]);
}
assert.equal({}.polluted, undefined);
assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).includes('sender'), false);
assert.deepEqual(fs.readdirSync(directory).sort(), before);
assert.equal(await whole(await open()), everything);

if (isRoot && process.platform === 'linux') {
  const disk = join(directory, 'disk');
  fs.mkdirSync(disk, { mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', disk]);
  try {
    const small = await open({ file: join(disk, 'store') });
    await small.save(profile('ann', 'password of ann'));
    const was = fs.readFileSync(join(disk, 'store'));
    try {
      for (;;) fs.writeFileSync(join(disk, 'filler'), Buffer.alloc(4096), { flag: 'a' });
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
    }
    rows.push(['a full disk', await refusal(() => small.save(profile('bob', 'pw')))]);
    assert.ok(was.equals(fs.readFileSync(join(disk, 'store'))));
    fs.rmSync(join(disk, 'filler'));
    await small.save(profile('bob', 'pw'));
  } finally {
    execFileSync('umount', [disk]);
  }
}

for (const [what, outcome] of rows) {
  assert.ok(outcome, what);
  console.log(`  ${what.padEnd(52)} ${outcome}`);
}
console.log(`store: ${rows.length} kinds of tampering, refused or without effect; nothing was lost`);
