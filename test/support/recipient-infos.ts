/**
 * The RecipientInfos of an encrypted message, one entry each, read by offsets and without the tested code.
 * @module
 */
import { children, readElement } from '../../src/util/der.js';

export function readCertificateIds(message: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(message).toString('latin1');
  const der = Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'base64');
  const [, wrapped] = [...children(der, readElement(der, 0))];
  if (!wrapped) throw new Error('no content');
  const [enveloped] = [...children(der, wrapped)];
  if (!enveloped) throw new Error('no EnvelopedData');
  const infos = [...children(der, enveloped)].find(({ tag }) => tag === 0x31);
  if (!infos) throw new Error('no RecipientInfos');
  return [...children(der, infos)].map(({ start, end }) => der.subarray(start, end));
}
