/**
 * `sealpost verify`: the S/MIME signatures of a message.
 * @module
 */
import type { SignatureResult } from '../../smime.js';
import { showText } from '../../util/show.js';
import type { Command } from '../command.js';
import { readGiven } from '../files.js';
import { print, printJson, styled } from '../terminal.js';

export const verify: Command = {
  name: 'verify',
  summary: 'Verifies the S/MIME signatures of a message.',
  usage: 'FILE [options]',
  options: {
    ca: {
      type: 'string',
      multiple: true,
      value: 'FILE',
      help: 'trust this certificate authority; without any, no signer is trusted',
    },
    cms: { type: 'boolean', help: 'the file is a .p7m or .p7s, not a message' },
    content: { type: 'string', value: 'FILE', help: 'with --cms: the content that a .p7s signs' },
    json: { type: 'boolean', help: 'one JSON document instead of text' },
  },
  notes: [
    'Exit status: 0 every signature is valid, and with --ca its signer is trusted; 1 a signature is not valid or not trusted,',
    'or there is none; 64 wrong arguments.',
    '',
    'Example: sealpost verify message.eml --ca authority.pem',
  ],
  async run(given) {
    const message = await readGiven(given.only('the file of a message'));
    const anchors = given.texts('ca').map((file) => ({ file }));
    const content = given.text('content');
    const { verify: verifyMessage } = await import('../../smime.js');
    const { signatures, covers } = await verifyMessage(message, {
      trustAnchors: anchors.length === 0 ? undefined : anchors,
      format: given.flag('cms') ? 'cms' : undefined,
      content: content === undefined ? undefined : await readGiven(content),
    });
    const isRight = ({ valid, trusted }: SignatureResult): boolean => valid && (anchors.length === 0 || trusted);
    const ok = signatures.every(isRight);
    if (given.flag('json')) printJson({ ok, covers, signatures });
    else {
      for (const signature of signatures) print(signatureText(signature, isRight(signature), anchors.length > 0));
      if (covers === 'part') print('Only a part of the message is signed.');
    }
    return ok ? 0 : 1;
  },
};

function signatureText(signature: SignatureResult, isRight: boolean, isJudged: boolean): string {
  const { valid, trusted, signer, signedAt, hashAlgorithm, problem } = signature;
  const trust = isJudged ? (trusted ? ', trusted' : ', NOT TRUSTED') : '';
  return [
    `${isRight ? styled('green', 'right') : styled('red', 'WRONG')}  ` +
      ` ${valid ? 'the signature is valid' : 'the signature is NOT VALID'}${trust}`,
    `signer  ${signer === undefined ? 'unknown' : `${showText(signer.subject)} (${showText(signer.emails.join(', '))})`}`,
    `signed  ${signedAt === undefined ? 'at an unknown time' : `${signedAt.toISOString()} by its own claim`}, ${hashAlgorithm}`,
    ...(problem === undefined ? [] : [`problem ${showText(problem, 2000)}`]),
  ].join('\n');
}
