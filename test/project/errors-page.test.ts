import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { root } from './sources.js';

const run = promisify(execFile);

it('the reference of errors is that of the code: causes, remedies, and the errors that its examples make', async () => {
  const check = run(process.execPath, ['docs/generate/errors.mjs', '--check'], { cwd: root });
  const { stderr } = await check.catch((error: { stderr: string }) => error);
  expect(stderr).toBe('');
  // The examples bring every error about; how long that takes says how busy the machine is.
}, 0);
