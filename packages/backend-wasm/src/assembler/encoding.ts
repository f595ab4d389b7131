/** The bytes of the WebAssembly binary format: LEB128 numbers, names, sections, and code as nested lists. */

/** Bytes of code; nesting saves copying while expressions are put together, a function is asked for its part at the end. */
export type Code = readonly (number | Code | Uint8Array | (() => Code))[];

/** The types of values. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

export const typeCodes: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** The LEB128 numbers of a single byte, which nearly all are. */
const singleBytes: readonly Code[] = Array.from({ length: 128 }, (_, value) => [value]);

/** An unsigned LEB128 number below 2^32. */
export function unsigned(value: number): Code {
  let rest = value >>> 0;
  if (rest < 128) return singleBytes[rest];
  const bytes: number[] = [];
  while (rest >= 128) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
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
  return sized([new TextEncoder().encode(text)]);
}

/** Something preceded by its length in bytes. */
export function sized(code: Code): Code {
  const bytes = flatten(code);
  return [unsigned(bytes.length), bytes];
}

/** The bytes of nested code, in order. */
export function flatten(code: Code): Uint8Array<ArrayBuffer> {
  const ask = (part: () => Code, at: number): number => write(part(), at, ask);
  const end = write(code, 0, ask);
  return buffer.slice(0, end);
}

/** The same code with all that is known by now as bytes, which take less memory than lists; functions are not asked yet. */
export function settled(code: Code): Code {
  const parts: (Uint8Array | (() => Code))[] = [];
  let begin = 0;
  const end = write(code, 0, (part, at) => {
    parts.push(buffer.slice(begin, at), part);
    begin = at;
    return at;
  });
  parts.push(buffer.slice(begin, end));
  return parts;
}

/** Where bytes are put together. */
let buffer = new Uint8Array(2 ** 16);

/** Writes bytes into the buffer from `at` on and says where they end; `later` does so for functions. */
function write(code: Code, at: number, later: (part: () => Code, at: number) => number): number {
  let end = at;
  for (let i = 0; i < code.length; i++) {
    const item = code[i];
    if (typeof item === "number") {
      if (end === buffer.length) makeRoom(1);
      buffer[end++] = item;
    } else if (typeof item === "function") end = later(item, end);
    else if (item instanceof Uint8Array) {
      if (end + item.length > buffer.length) makeRoom(item.length);
      buffer.set(item, end);
      end += item.length;
    } else end = write(item, end, later);
  }
  return end;
}

function makeRoom(bytes: number): void {
  const wider = new Uint8Array(2 * (buffer.length + bytes));
  wider.set(buffer);
  buffer = wider;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The little-endian bytes of a float. */
export function floatBytes(value: number, byteLength: 4 | 8): Code {
  if (byteLength === 4) scratch.setFloat32(0, value, true);
  else scratch.setFloat64(0, value, true);
  const bytes: number[] = [];
  for (let i = 0; i < byteLength; i++) bytes.push(scratch.getUint8(i));
  return bytes;
}
