/** As much of Protocol Buffers as it takes to write a model: fields of messages, without copies of what they contain. */

/** Bytes in pieces; large arrays are pieces of their own. */
export interface Encoded {
  readonly length: number;
  readonly pieces: readonly Uint8Array[];
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];
}

function bytes(...pieces: readonly Uint8Array[]): Encoded {
  return { length: pieces.reduce((sum, piece) => sum + piece.length, 0), pieces };
}

/** A message of these fields. */
export function message(...fields: readonly Encoded[]): Encoded {
  return bytes(...fields.flatMap(({ pieces }) => pieces));
}

/** A field that holds an integer of at least 0. */
export function integer(field: number, value: number): Encoded {
  return bytes(Uint8Array.from([...varint(field * 8), ...varint(value)]));
}

/** A field that holds text, bytes or a message. */
export function content(field: number, value: string | Uint8Array | Encoded): Encoded {
  const held =
    typeof value === "string" ? bytes(Buffer.from(value)) : value instanceof Uint8Array ? bytes(value) : value;
  return message(bytes(Uint8Array.from([...varint(field * 8 + 2), ...varint(held.length)])), held);
}
