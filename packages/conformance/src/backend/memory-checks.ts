/** Buffers hold what was put into them, whatever their size, and nobody else's bytes. */
import type { Backend } from "@sconce/core";
import { type BackendCheck, NotApplicable } from "../check.ts";
import { expectClose } from "../compare.ts";
import { addNest } from "../nests/simple-nests.ts";

/** `length` bytes that differ from their neighbours and from those of another seed. */
export function pattern(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 97 + 1) % 256);
}

export async function expectBytes(
  backend: Backend,
  buffer: unknown,
  expected: Uint8Array,
  what: string,
): Promise<void> {
  const bytes = new Uint8Array(await backend.read(buffer, expected.length));
  expectClose(bytes, expected, 0, (i) => `${what}: byte ${i}`);
}

export const memoryChecks: readonly BackendCheck[] = [
  {
    name: "a buffer of any size gives back what was written",
    run: async (backend) => {
      for (const length of [1, 2, 3, 4, 7, 8, 64, 1000, 100_003]) {
        const buffer = backend.allocate(length);
        backend.write(buffer, pattern(length));
        await expectBytes(backend, buffer, pattern(length), `a buffer of ${length} bytes`);
        backend.release(buffer);
      }
    },
  },
  {
    name: "buffers of no bytes are allocated, written, read and released",
    run: async (backend) => {
      const buffer = backend.allocate(0);
      backend.write(buffer, new Uint8Array(0));
      const bytes = await backend.read(buffer, 0);
      if (bytes.byteLength !== 0) throw new Error(`reading 0 bytes gave ${bytes.byteLength}.`);
      backend.release(buffer);
    },
  },
  {
    name: "many buffers live at once, and released ones may be reused",
    run: async (backend) => {
      const buffers = Array.from({ length: 40 }, (_, i) => backend.allocate(16 + 4 * i));
      buffers.forEach((buffer, i) => {
        backend.write(buffer, pattern(16 + 4 * i, i));
      });
      for (let i = 0; i < 40; i += 2) {
        backend.release(buffers[i]);
        buffers[i] = backend.allocate(16 + 4 * i);
        backend.write(buffers[i], pattern(16 + 4 * i, i + 100));
      }
      for (let i = 0; i < 40; i++) {
        const expected = pattern(16 + 4 * i, i % 2 === 0 ? i + 100 : i);
        await expectBytes(backend, buffers[i], expected, `buffer ${i}`);
      }
      for (const buffer of buffers) backend.release(buffer);
    },
  },
  {
    name: "a write goes to the start of the buffer and leaves the rest",
    run: async (backend) => {
      const buffer = backend.allocate(32);
      backend.write(buffer, pattern(32));
      backend.write(buffer, pattern(8, 1));
      const expected = pattern(32);
      expected.set(pattern(8, 1));
      await expectBytes(backend, buffer, expected, "after a shorter write");
      await expectBytes(backend, buffer, expected.slice(0, 5), "a shorter read");
      backend.release(buffer);
    },
  },
  {
    name: "a view into a larger array writes its own bytes only",
    run: async (backend) => {
      const whole = Float32Array.from({ length: 8 }, (_, i) => i);
      const buffer = backend.allocate(12);
      backend.write(buffer, whole.subarray(3, 6));
      const read = new Float32Array(await backend.read(buffer, 12));
      expectClose(read, [3, 4, 5], 0, (i) => `element ${i} of a view`);
      backend.release(buffer);
    },
  },
  {
    name: "writes copy, and reads return bytes of their own",
    run: async (backend) => {
      const source = pattern(16);
      const buffer = backend.allocate(16);
      backend.write(buffer, source);
      source.fill(0);
      const first = new Uint8Array(await backend.read(buffer, 16));
      expectClose(first, pattern(16), 0, (i) => `byte ${i}, its source overwritten since`);
      first.fill(7);
      await expectBytes(backend, buffer, pattern(16), "after a change to what was read");
      const second = new Uint8Array(await backend.read(buffer, 16));
      backend.write(buffer, pattern(16, 1));
      expectClose(second, pattern(16), 0, (i) => `byte ${i} of an earlier read`);
      backend.release(buffer);
    },
  },
  {
    name: "buffers larger than a kernel needs keep their other bytes",
    run: async (backend) => {
      const kernel = await backend.compile(addNest(3, 1));
      const [input, output] = [backend.allocate(64), backend.allocate(64)];
      backend.write(
        input,
        Float32Array.from({ length: 16 }, (_, i) => i),
      );
      backend.write(output, new Float32Array(16).fill(-1));
      kernel.run([input], [output]);
      const result = new Float32Array(await backend.read(output, 64));
      const expected = Array.from({ length: 16 }, (_, i) => (i < 3 ? i + 1 : -1));
      expectClose(result, expected, 0, (i) => `element ${i}`);
      for (const buffer of [input, output]) backend.release(buffer);
    },
  },
  {
    name: "readSync exists exactly where it is promised, and agrees with read",
    run: async (backend) => {
      const promised = backend.capabilities.synchronousReads;
      if (promised !== (backend.readSync !== undefined)) {
        throw new Error(`capabilities.synchronousReads is ${promised}, readSync is ${typeof backend.readSync}.`);
      }
      if (!backend.readSync) throw new NotApplicable("the backend reads asynchronously");
      const kernel = await backend.compile(addNest(4, 1));
      const [input, output] = [backend.allocate(16), backend.allocate(16)];
      backend.write(input, new Float32Array([1, 2, 3, 4]));
      kernel.run([input], [output]);
      const now = new Float32Array(backend.readSync(output, 16));
      expectClose(now, [2, 3, 4, 5], 0, (i) => `element ${i} of readSync`);
      for (const buffer of [input, output]) backend.release(buffer);
    },
  },
];
