/**
 * The encodings of a password: PKCS#12 derives from UTF-16, PBES2 from UTF-8, and an absent password differs from an
 * empty one.
 * @module
 */
/** One encoding of a password. */
export interface PasswordForm {
  /** For the derivation of PKCS#12: BMPString with its two zero octets, or nothing. */
  readonly bmp: Buffer;
  /** For PBES1, PBES2 and PBMAC1. */
  readonly utf8: Buffer;
}

/** The encodings to try, the usual one first. */
export function passwordForms(password: string | undefined): readonly PasswordForm[] {
  const utf8 = Buffer.from(password ?? '', 'utf8');
  const usual = { bmp: bmpString(password ?? ''), utf8 };
  if (utf8.length === 0) return [usual, { bmp: Buffer.alloc(0), utf8 }];
  // OpenSSL before 1.1.0 widened each octet of the UTF-8 form.
  return utf8.length === password?.length ? [usual] : [usual, { bmp: bmpString(utf8.toString('latin1')), utf8 }];
}

/** UTF-16BE with a terminating zero. */
export function bmpString(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le').swap16();
}
