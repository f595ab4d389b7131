/** The bytes of the WebAssembly binary format: LEB128 numbers, names, sections, and code as nested lists. */

/** Bytes of code; nesting saves copying while expressions are put together, a function is asked for its part at the end. */
export type Code = readonly (number | Code | (() => Code))[];

/** The types of values. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

export const typeCodes: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** An unsigned LEB128 number below 2^32. */
export function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** A signed LEB128 number of 32 bits. */
export function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

/** A length-prefixed list. */
export function vector(items: readonly Code[]): Code {
  return [unsigned(items.length), ...items];
}

/** A length-prefixed UTF-8 name. */
export function name(text: string): Code {
  const bytes = [...new TextEncoder().encode(text)];
  return [unsigned(bytes.length), bytes];
}

/** Something preceded by its length in bytes. */
export function sized(code: Code): Code {
  const bytes = flatten(code);
  return [unsigned(bytes.length), bytes];
}

/** The bytes of nested code, in order. */
export function flatten(code: Code): number[] {
  const bytes: number[] = [];
  const walk = (part: Code): void => {
    for (const item of part) {
      if (typeof item === "number") bytes.push(item);
      else walk(typeof item === "function" ? item() : item);
    }
  };
  walk(code);
  return bytes;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The little-endian bytes of a float. */
export function floatBytes(value: number, byteLength: 4 | 8): Code {
  if (byteLength === 4) scratch.setFloat32(0, value, true);
  else scratch.setFloat64(0, value, true);
  return Array.from({ length: byteLength }, (_, i) => scratch.getUint8(i));
}
