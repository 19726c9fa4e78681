/** RC4, which OpenSSL 3 no longer offers: NTLM wraps its session key with it (MS-NLMP section 3.4.5.1). For NTLM alone. */
export function rc4(key: Uint8Array, data: Uint8Array): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, i) => i);
  const at = (i: number): number => state[i & 0xff] ?? 0;
  const swap = (i: number, j: number): void => {
    [state[i], state[j]] = [at(j), at(i)];
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 0xff;
    swap(i, j);
  }
  const output = Buffer.alloc(data.length);
  let [i, j] = [0, 0];
  data.forEach((byte, n) => {
    i = (i + 1) & 0xff;
    j = (j + at(i)) & 0xff;
    swap(i, j);
    output[n] = byte ^ at(at(i) + at(j));
  });
  return output;
}
