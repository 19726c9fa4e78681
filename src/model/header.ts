/**
 * Custom header fields.
 * @module
 */
/** RFC 2156 `Priority`. 'unspecified' (the default) writes no field. */
export type Priority = 'unspecified' | 'normal' | 'urgent' | 'non-urgent';
/** RFC 2156 `Sensitivity`: Personal, Private, Company-Confidential. 'unspecified' (the default) writes no field. */
export type Sensitivity = 'unspecified' | 'personal' | 'private' | 'company-confidential';
/**
 * RFC 2156 `Importance`; also written as X-Priority and X-MSMail-Priority for clients that read only those.
 * 'unspecified' (the default) writes no field.
 */
export type Importance = 'unspecified' | 'high' | 'normal' | 'low';
/** The words of `Auto-Submitted` (RFC 3834 section 5; 'auto-notified' by RFC 5436). */
export type AutoSubmitted = 'no' | 'auto-generated' | 'auto-replied' | 'auto-notified';

/** A header field. */
export interface HeaderField {
  /** Printable ASCII without a colon (RFC 5322 section 3.6.8). */
  readonly name: string;
  /** Unfolded text; non-ASCII is written as encoded-words. No CR, LF or NUL. */
  readonly value: string;
}
/** Header fields in order. The object form is for names that do not repeat. */
export type HeaderFields = readonly HeaderField[] | Readonly<Record<string, string>>;
