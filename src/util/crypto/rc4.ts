/**
 * RC4, which OpenSSL 3 no longer offers by default. NTLM wraps its session key with it (MS-NLMP section 3.4.5.1); old
 * Kerberos realms (RFC 4757) and old PKCS#12 files encrypt with it. It is broken: do not use it for anything else.
 * @module
 */

/** Makes a stream of RC4. Each call continues where the previous one ended. */
export function rc4Stream(key: Uint8Array): (data: Uint8Array) => Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, n) => n);
  for (let n = 0, j = 0; n < 256; n++) {
    const here = state[n] ?? 0;
    j = (j + here + (key[n % key.length] ?? 0)) & 0xff;
    state[n] = state[j] ?? 0;
    state[j] = here;
  }
  let i = 0;
  let j = 0;
  return (data) => {
    const output = Buffer.allocUnsafe(data.length);
    for (let n = 0; n < data.length; n++) {
      i = (i + 1) & 0xff;
      const a = state[i] ?? 0;
      j = (j + a) & 0xff;
      const b = state[j] ?? 0;
      state[i] = b;
      state[j] = a;
      output[n] = (data[n] ?? 0) ^ (state[(a + b) & 0xff] ?? 0);
    }
    return output;
  };
}

/** RC4 of `data` as a whole. */
export function rc4(key: Uint8Array, data: Uint8Array): Buffer {
  return rc4Stream(key)(data);
}
