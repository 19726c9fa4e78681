/**
 * `sealpost authorize`: obtains OAuth 2.0 tokens, in the browser or by a code.
 * @module
 */
import { authorize as obtain, type OAuth2Settings } from '../../index.js';
import { showText } from '../../util/show.js';
import type { Command } from '../command.js';
import { writeGiven } from '../files.js';
import { profileOf } from '../profile.js';
import { note } from '../terminal.js';
import { UsageError } from '../usage.js';

export const authorize: Command = {
  name: 'authorize',
  summary: "Obtains OAuth 2.0 tokens with a profile's settings: in the browser, or by a code for another device.",
  usage: '--profile FILE --out FILE [options]',
  options: {
    profile: { type: 'string', value: 'FILE', help: 'the profile, which has oauth2 settings' },
    device: { type: 'boolean', help: 'by a code that is entered on another device (RFC 8628)' },
    'no-browser': { type: 'boolean', help: 'show the address without opening the browser' },
    out: { type: 'string', value: 'FILE', help: 'write the tokens there as JSON (mode 0600)' },
  },
  notes: [
    'Tokens are secrets: they are written to the file only, and never shown.',
    '',
    'Exit status: 0 obtained; 1 not obtained; 64 wrong arguments or profile.',
    '',
    'Example: sealpost authorize --profile mail.json --device --out tokens.json',
  ],
  async run(given) {
    given.none();
    const out = given.text('out');
    if (out === undefined || out === '-') throw new UsageError('expected --out, the file for the tokens');
    if (!given.has('profile')) throw new UsageError('expected --profile');
    const { oauth2 } = await profileOf(given);
    if (oauth2 === undefined) throw new UsageError('the profile has no oauth2 settings');
    const settings: OAuth2Settings = given.flag('device') ? { ...oauth2, grant: 'device-code' } : oauth2;
    const show = (url: string): void => note(`Sign in at ${showText(url, 4000)}`);
    const tokens = await obtain(settings, {
      onAuthorizationUrl: show,
      ...(given.flag('no-browser') ? { openBrowser: show } : {}),
      onUserCode: ({ userCode, verificationUri, expiresAt }) =>
        note(`Type ${showText(userCode)} into ${showText(verificationUri)} until ${expiresAt.toISOString()}`),
    });
    await writeGiven(out, Buffer.from(`${JSON.stringify(tokens, undefined, 2)}\n`));
    note(`tokens written to ${showText(out)}`);
    return 0;
  },
};
