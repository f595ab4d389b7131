/** Decoding of packed values: canonical Huffman codes (Huffman 1952), read bit by bit from the first of each byte. */

/**
 * `count` values from base64, which may hold white space. `codeLengths[value]` is the number of bits of a value's code;
 * shorter codes come first, and among equal lengths smaller values.
 */
export function unpack(base64: string, codeLengths: readonly number[], count: number): Uint8Array {
  const bytes = atob(base64);
  const longest = Math.max(...codeLengths);
  const byLength = Array.from({ length: longest + 1 }, (_, length) =>
    codeLengths.flatMap((own, value) => (own === length ? [value] : [])),
  );
  const values = new Uint8Array(count);
  let position = 0;
  for (let i = 0; i < count; i++) {
    // `code` counts from the first code of the present length.
    let code = 0;
    for (let length = 1; ; length++) {
      code = code * 2 + ((bytes.charCodeAt(position >> 3) >> (7 - (position & 7))) & 1);
      position++;
      if (code < byLength[length].length) {
        values[i] = byLength[length][code];
        break;
      }
      code -= byLength[length].length;
    }
  }
  return values;
}
