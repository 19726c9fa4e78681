/**
 * `sealpost compose`: the message as it would be sent.
 * @module
 */
import { createMailer } from '../../index.js';
import { showText } from '../../util/show.js';
import type { Command } from '../command.js';
import { writeGiven } from '../files.js';
import { messageOf, messageOptions } from '../message.js';
import { profileOf, profileOptions } from '../profile.js';
import { note, printJson } from '../terminal.js';
import { UsageError } from '../usage.js';

export const compose: Command = {
  name: 'compose',
  summary: 'Writes the message that send would transmit, to a file or as a preview. Opens no connection.',
  usage: '--profile FILE | --url-env NAME | --server HOST [options]',
  options: {
    ...profileOptions,
    ...messageOptions,
    out: {
      type: 'string',
      value: 'FILE',
      help: 'write the message there (mode 0600); - is standard output, the default',
    },
    preview: { type: 'string', value: 'FILE', help: 'write a page for the browser there instead of the message' },
    json: { type: 'boolean', help: 'one JSON document with envelope and content (base64)' },
  },
  notes: [
    'Exit status: 0 written; 1 the message is not valid, or its content or a certificate cannot be read; 64 wrong',
    'arguments or profile.',
    '',
    'Example: sealpost compose --profile mail.json --to ann@example.com --text Hello --preview preview.html',
  ],
  async run(given) {
    given.none();
    const [out, preview] = [given.text('out'), given.text('preview')];
    if ([out, preview].filter((path) => path !== undefined).length + Number(given.flag('json')) > 1)
      throw new UsageError('--out, --preview and --json exclude each other');
    await using mailer = createMailer(await profileOf(given));
    const composed = await mailer.compose(await messageOf(given));
    if (given.flag('json')) {
      const { envelope, content } = composed;
      printJson({ envelope, content: Buffer.from(content).toString('base64') });
    } else if (preview !== undefined) {
      const { renderPreview } = await import('../../testing.js');
      await writeGiven(preview, Buffer.from(await renderPreview(composed)));
    } else await writeGiven(out ?? '-', composed.content);
    const written = preview ?? out;
    if (written !== undefined && written !== '-') note(`written to ${showText(written)}`);
    return 0;
  },
};
