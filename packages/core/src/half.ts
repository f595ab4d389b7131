/** IEEE 754 binary16 conversion, round to nearest even, for engines without Float16Array. */

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

/** The bit pattern of `value` rounded to float16. */
export function floatToHalf(value: number): number {
  // Rounding twice (to float32, then to float16) differs from rounding once only for doubles on a float32 tie.
  asFloat[0] = value;
  const x = bits[0];
  const sign = (x >>> 16) & 0x8000;
  const magnitude = x & 0x7fffffff;
  if (magnitude >= 0x47800000) return magnitude > 0x7f800000 ? sign | 0x7e00 : sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 lets the float32 adder round the mantissa into place.
    bits[0] = magnitude;
    asFloat[0] += 0.5;
    return sign | (bits[0] - 0x3f000000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}

/** The number whose float16 bit pattern is `half`. */
export function halfToFloat(half: number): number {
  const exponent = (half >>> 10) & 31;
  const mantissa = half & 1023;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
