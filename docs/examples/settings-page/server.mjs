/**
 * Starts the settings page and prints its address, which works once: `node server.mjs [--folder DIR] [--port N]
 * [--demo]`. With `--demo` there are two profiles and a mail server in the process, and all of it is deleted at the end.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openProfileStore } from 'sealpost';
import { startSettingsPage } from './app.mjs';
import { startDemo } from './demo.mjs';

const { values: options } = parseArgs({
  options: {
    folder: { type: 'string', default: join(homedir(), '.sealpost-settings') },
    port: { type: 'string', default: '0' },
    demo: { type: 'boolean', default: false },
  },
});

const folder = options.demo ? await mkdtemp(join(tmpdir(), 'settings-page-')) : options.folder;
await mkdir(folder, { recursive: true, mode: 0o700 });
const store = await openProfileStore({ file: join(folder, 'profiles.store'), key: await storeKey(folder) });
const demo = options.demo ? await startDemo(store, folder) : undefined;
const page = await startSettingsPage({ store, port: Number(options.port) });
console.log(`Settings page: ${page.address}`);
console.log(`Profiles are kept in ${folder}${options.demo ? ' until the program ends' : ''}. Ctrl+C ends it.`);

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    await page.close();
    await demo?.close();
    if (options.demo) await rm(folder, { recursive: true });
  });

/**
 * The key in SETTINGS_KEY, 32 bytes in base64. Without it, a key is made once and stored beside the profiles. In
 * production, keep the key elsewhere.
 */
async function storeKey(place) {
  if (process.env.SETTINGS_KEY) return Buffer.from(process.env.SETTINGS_KEY, 'base64');
  const file = join(place, 'key');
  try {
    await writeFile(file, randomBytes(32), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  return await readFile(file);
}
