/**
 * Says how a message is signed and encrypted.
 * @module
 */
import { reasonOf } from '../../errors/email-error.js';
import type { PreviewContent } from './content.js';

/** The protection of a message, in sentences. */
export interface PreviewProtection {
  readonly notes: readonly string[];
  readonly isEncrypted: boolean;
  /** The entity that an opaque signature covers. */
  readonly inner: Uint8Array | undefined;
}

const cmsTypes: ReadonlySet<string> = new Set(['application/pkcs7-mime', 'application/x-pkcs7-mime']);

/**
 * Looks at S/MIME, PGP/MIME and DKIM. S/MIME signatures are verified; trust in the signer is not checked, because
 * there are no trust anchors.
 */
export async function protectionOf(message: Uint8Array, content: PreviewContent): Promise<PreviewProtection> {
  const notes: string[] = [];
  let inner: Uint8Array | undefined;
  const { contentType, parameters } = content;
  const kind = parameters.get('smime-type')?.toLowerCase() ?? '';
  const protocol = parameters.get('protocol')?.toLowerCase() ?? '';
  const isOpaque = cmsTypes.has(contentType) && !/envel|compressed/.test(kind);
  const isEncrypted = (cmsTypes.has(contentType) && /envel/.test(kind)) || contentType === 'multipart/encrypted';
  if (isEncrypted && cmsTypes.has(contentType))
    notes.push('Encrypted with S/MIME: only the recipients can read the content.');
  else if (isEncrypted) notes.push('Encrypted with PGP/MIME or another method of RFC 1847.');
  else if (contentType === 'multipart/signed' && !/pkcs7/.test(protocol) && protocol !== '')
    notes.push('Signed with PGP/MIME or another method of RFC 1847; the signature is not verified here.');
  else if (contentType === 'multipart/signed' || isOpaque) {
    const signed = await verified(message);
    notes.push(...signed.notes);
    if (isOpaque) inner = signed.content;
  }
  const domains = content.fields
    .filter(({ name }) => name.toLowerCase() === 'dkim-signature')
    .map(
      ({ value }) =>
        /(?:^|;)\s{0,20}d\s{0,20}=\s{0,20}([^;\s]{1,253})/.exec(value.slice(0, 4096))?.[1] ?? 'an unknown domain',
    );
  if (domains.length > 0) notes.push(`DKIM signature of ${domains.slice(0, 10).join(', ')}; it is not verified here.`);
  if (notes.length === 0) notes.push('Neither signed nor encrypted.');
  return { notes, isEncrypted, inner };
}

async function verified(
  message: Uint8Array,
): Promise<{ readonly notes: readonly string[]; readonly content?: Uint8Array }> {
  const { verify } = await import('../../smime/operations.js');
  try {
    const { content, signatures } = await verify(message);
    const notes = signatures.map(({ valid, signer, hashAlgorithm, problem }) => {
      const who = signer === undefined ? 'an unknown signer' : `${signer.subject} (${signer.emails.join(', ')})`;
      return valid
        ? `Signed with S/MIME by ${who}, ${hashAlgorithm}: the signature is valid. Trust in the signer is not checked here.`
        : `Signed with S/MIME by ${who}: the signature is WRONG. ${problem ?? ''}`;
    });
    return { notes, content };
  } catch (error) {
    return { notes: [`Signed with S/MIME, and the signature cannot be read: ${reasonOf(error)}`] };
  }
}
