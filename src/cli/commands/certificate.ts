/**
 * `sealpost certificate`: what is in a certificate file, and whether it fits.
 * @module
 */
import type { CertificateInfo } from '../../index.js';
import { showText } from '../../util/show.js';
import type { Command } from '../command.js';
import { keyOptions, sourceOf } from './decrypt.js';
import { certificateLines } from '../report.js';
import { print, printJson, styled } from '../terminal.js';

export const certificate: Command = {
  name: 'certificate',
  summary: 'Shows the content of a certificate file, and whether it fits an address and is valid today.',
  usage: 'FILE [options]',
  options: {
    ...keyOptions,
    for: { type: 'string', value: 'ADDRESS', help: 'the address that a certificate must contain' },
    'with-key': { type: 'boolean', help: 'the private key must be in the file (signing and decrypting need it)' },
    json: { type: 'boolean', help: 'one JSON document instead of text' },
  },
  notes: [
    'Exit status: 0 a certificate fits; 1 none does, or the file cannot be read; 64 wrong arguments.',
    '',
    'Example: sealpost certificate ann.p12 --ask-password --for ann@example.com --with-key',
  ],
  async run(given) {
    const source = await sourceOf(given, given.only('the file of a certificate'));
    const { openCertificateStore } = await import('../../smime.js');
    const infos = await (await openCertificateStore(source)).list();
    const address = given.text('for');
    const judged = infos.map((info) => ({ ...info, problems: problemsOf(info, address, given.flag('with-key')) }));
    const ok = judged.some(({ problems }) => problems.length === 0);
    if (given.flag('json')) printJson({ ok, certificates: judged });
    else {
      judged.forEach((entry) => print(`${entryText(entry, entry.problems)}\n`));
      print(ok ? styled('green', 'A certificate fits.') : styled('red', 'No certificate fits.'));
    }
    return ok ? 0 : 1;
  },
};

function problemsOf(info: CertificateInfo, address: string | undefined, wantsKey: boolean): readonly string[] {
  const now = new Date();
  return [
    ...(info.validFrom > now ? ['it is not valid yet'] : []),
    ...(info.validTo < now ? ['it has expired'] : []),
    ...(address !== undefined && !info.emails.some((email) => email.toLowerCase() === address.toLowerCase())
      ? [`it does not contain ${address}`]
      : []),
    ...(wantsKey && !info.hasPrivateKey ? ['its private key is not in the file'] : []),
  ];
}

function entryText(info: CertificateInfo, problems: readonly string[]): string {
  return [
    ...certificateLines(info),
    `key          ${info.hasPrivateKey ? 'in the file' : 'not in the file'}`,
    ...(info.alias === undefined ? [] : [`alias        ${showText(info.alias)}`]),
    ...problems.map((problem) => `${styled('red', 'problem')}      ${showText(problem)}`),
  ].join('\n');
}
