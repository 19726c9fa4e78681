/**
 * n-fold (RFC 3961 section 5.1): stretches or folds bytes to `size`, with equal weight for each input bit.
 * @module
 */
export function nFold(input: Uint8Array, size: number): Buffer {
  const total = lcm(input.length, size);
  const sum = Buffer.alloc(size);
  // Adds up copies of the input in blocks of `size` in ones' complement, each copy rotated right by 13 more bits.
  let carry = 0;
  for (let at = total - 1; at >= 0; at--) {
    const rotation = 13 * Math.floor(at / input.length);
    carry += byteRotated(input, at % input.length, rotation) + (sum[at % size] ?? 0);
    sum[at % size] = carry & 0xff;
    carry >>= 8;
  }
  for (let at = size - 1; carry > 0; at = (at === 0 ? size : at) - 1) {
    carry += sum[at] ?? 0;
    sum[at] = carry & 0xff;
    carry >>= 8;
  }
  return sum;
}

/** Byte `index` of the input rotated right by `bits`. */
function byteRotated(input: Uint8Array, index: number, bits: number): number {
  const length = input.length * 8;
  const first = (((index * 8 - bits) % length) + length) % length;
  const high = input[first >> 3] ?? 0;
  const low = input[((first >> 3) + 1) % input.length] ?? 0;
  return (((high << 8) | low) >> (8 - (first & 7))) & 0xff;
}

function lcm(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
