/**
 * An index of the recipients of a message by the certificate that they name, to compare many identities with many
 * recipients.
 * @module
 */
import type { CertificateInfo } from '../../model/certificate.js';
import { serialText } from '../../pki/x509/certificate.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { asBuffer } from '../../util/bytes.js';
import { isKeyIdentifier, isMeant } from './certificate-id.js';
import type { Recipient } from './enveloped-data-reader.js';

/** Longer than any serial number (RFC 5280 section 4.1.2.2 has 20 octets). */
const longestSerial = 64;

/** Finds the recipients of a message that name a certificate. */
export class RecipientIndex {
  /** Number of recipients in the message. */
  readonly size: number;
  /** Recipients by serial number or key identifier. */
  readonly #byName = new Map<string, Recipient[]>();
  readonly #serials = new Set<string>();
  #hasKeyIdentifiers = false;

  constructor(recipients: readonly Recipient[]) {
    this.size = recipients.length;
    for (const recipient of recipients) {
      const { id } = recipient;
      const name = isKeyIdentifier(id) ? keyName(id.keyIdentifier) : serialName(id.serialNumber);
      const list = this.#byName.get(name);
      if (list === undefined) this.#byName.set(name, [recipient]);
      else list.push(recipient);
      if (isKeyIdentifier(id)) this.#hasKeyIdentifiers = true;
      else if (id.serialNumber.length <= longestSerial) this.#serials.add(serialText(id.serialNumber));
    }
  }

  /** May the message name this certificate? Decided by its serial number, before it is loaded. */
  mayName({ serialNumber }: CertificateInfo): boolean {
    return this.#hasKeyIdentifiers || this.#serials.has(serialNumber);
  }

  /** The recipients that name this certificate. */
  waysOf(certificate: Certificate): readonly Recipient[] {
    const { serialNumber, subjectKeyIdentifier } = certificate;
    return [
      ...(this.#byName.get(serialName(serialNumber)) ?? []),
      ...(subjectKeyIdentifier === undefined ? [] : (this.#byName.get(keyName(subjectKeyIdentifier)) ?? [])),
    ].filter(({ id }) => isMeant(id, certificate));
  }
}

function serialName(serialNumber: Uint8Array): string {
  return `serial ${asBuffer(serialNumber).toString('latin1')}`;
}

function keyName(keyIdentifier: Uint8Array): string {
  return `key ${asBuffer(keyIdentifier).toString('latin1')}`;
}
