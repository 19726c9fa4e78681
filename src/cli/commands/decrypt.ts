/**
 * `sealpost decrypt`: the content of an encrypted message.
 * @module
 */
import type { CertificateSource } from '../../index.js';
import { showText } from '../../util/show.js';
import type { Command } from '../command.js';
import { readGiven, writeGiven } from '../files.js';
import { passwordOf, passwordOptions } from '../profile.js';
import { note, printJson } from '../terminal.js';
import { UsageError, type Given, type OptionRules } from '../usage.js';

export const keyOptions: OptionRules = {
  key: { type: 'string', value: 'FILE', help: 'the key, if it is in a separate file' },
  ...passwordOptions,
  'ask-password': { type: 'boolean', help: 'ask for the password of the file' },
};

/** The certificate source of a file, with a password if the options name one. */
export async function sourceOf(given: Given, file: string): Promise<CertificateSource> {
  const keyFile = given.text('key');
  const wantsPassword = ['ask-password', 'password-env', 'password-file'].some((name) => given.has(name));
  const password = wantsPassword ? await passwordOf(given, `Password of ${showText(file, 100)}`) : undefined;
  return { file, ...(keyFile === undefined ? {} : { keyFile }), ...(password === undefined ? {} : { password }) };
}

export const decrypt: Command = {
  name: 'decrypt',
  summary: 'Decrypts an S/MIME message.',
  usage: 'FILE --certificate FILE [options]',
  options: {
    certificate: { type: 'string', value: 'FILE', help: 'your certificate with its key: PKCS#12, PEM, JKS' },
    ...keyOptions,
    cms: { type: 'boolean', help: 'the file is a .p7m, not a message' },
    out: {
      type: 'string',
      value: 'FILE',
      help: 'write the content there (mode 0600); - is standard output, the default',
    },
    json: { type: 'boolean', help: 'one JSON document with algorithm and content (base64)' },
  },
  notes: [
    'Exit status: 0 decrypted; 1 not decrypted; 64 wrong arguments.',
    '',
    'Example: sealpost decrypt message.eml --certificate ann.p12 --ask-password --out content.eml',
  ],
  async run(given) {
    const path = given.only('the file of a message');
    const certificate = given.text('certificate');
    if (certificate === undefined)
      throw new UsageError('expected --certificate, the file with your certificate and key');
    const message = await readGiven(path);
    const source = await sourceOf(given, certificate);
    const { decrypt: decryptMessage } = await import('../../smime.js');
    const { content, algorithm, covers } = await decryptMessage(message, source, {
      format: given.flag('cms') ? 'cms' : undefined,
    });
    if (given.flag('json')) printJson({ algorithm, covers, content: Buffer.from(content).toString('base64') });
    else {
      await writeGiven(given.text('out') ?? '-', content);
      note(`decrypted, ${algorithm}${covers === 'part' ? '; only a part of the message was encrypted' : ''}`);
    }
    return 0;
  },
};
