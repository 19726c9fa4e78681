/**
 * Mailboxes as programs give them and as the library returns them.
 * @module
 */
/** One mailbox: display name and addr-spec. */
export interface Mailbox {
  /** Display name, decoded. */
  readonly name?: string | undefined;
  /** `local@domain` (RFC 5321 section 4.1.2). */
  readonly email: string;
}

/**
 * One mailbox, as `'a@b'`, `'Ann <a@b>'` or in parts; anything else is an error. Lists are arrays; `parseAddressList`
 * reads a list from text.
 */
export type AddressInput = string | Mailbox;
