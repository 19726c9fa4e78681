/**
 * Addresses.
 * @module
 */
/** One mailbox: display name and addr-spec. */
export interface Mailbox {
  /** Display name, decoded. */
  readonly name?: string | undefined;
  /** `local@domain` (RFC 5321 section 4.1.2). */
  readonly email: string;
}

/** `'a@b'`, `'Ann <a@b>'`, or parts: one mailbox, or an error. Lists are arrays; `parseAddressList` is for text. */
export type AddressInput = string | Mailbox;
