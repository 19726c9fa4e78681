// Under Vitest, in the environment of the command line.
import * as sealpost from 'sealpost';
import * as smime from 'sealpost/smime';
import * as testing from 'sealpost/testing';
import { expect, it } from 'vitest';
import scenario from './scenario.cjs';

it('sends, is refused, gives up and signs', async () => {
  expect(await scenario(sealpost, smime, testing)).toBe('sent, refused, aborted, signed');
});
