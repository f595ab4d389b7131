/** Writes, kernels and reads take effect in the order of the calls. */
import type { Backend, Kernel } from "@sconce/core";
import type { BackendCheck } from "../check.ts";
import { expectClose } from "../compare.ts";
import { addNest, wideNest } from "../nests/simple-nests.ts";

async function readFloats(backend: Backend, buffer: unknown, length: number): Promise<Float32Array> {
  return new Float32Array(await backend.read(buffer, 4 * length));
}

function newBuffer(backend: Backend, values: readonly number[]): unknown {
  const buffer = backend.allocate(4 * values.length);
  backend.write(buffer, new Float32Array(values));
  return buffer;
}

export const orderingChecks: readonly BackendCheck[] = [
  {
    name: "a write waits for the kernels before it",
    run: async (backend) => {
      const kernel = await backend.compile(addNest(2, 1));
      const x = newBuffer(backend, [1, 2]);
      const [before, after] = [newBuffer(backend, [0, 0]), newBuffer(backend, [0, 0])];
      kernel.run([x], [before]);
      backend.write(x, new Float32Array([10, 20]));
      kernel.run([x], [after]);
      expectClose(await readFloats(backend, before, 2), [2, 3], 0, (i) => `element ${i}, computed before the write`);
      expectClose(await readFloats(backend, after, 2), [11, 21], 0, (i) => `element ${i}, computed after the write`);
      for (const buffer of [x, before, after]) backend.release(buffer);
    },
  },
  {
    name: "a kernel sees the results of the kernels before it",
    run: async (backend) => {
      const kernel: Kernel = await backend.compile(addNest(100, 1));
      const buffers = [newBuffer(backend, new Array(100).fill(0)), newBuffer(backend, new Array(100).fill(0))];
      for (let i = 0; i < 50; i++) kernel.run([buffers[i % 2]], [buffers[(i + 1) % 2]]);
      const result = await readFloats(backend, buffers[0], 100);
      expectClose(result, new Array(100).fill(50), 0, (i) => `element ${i} after 50 kernels`);
      for (const buffer of buffers) backend.release(buffer);
    },
  },
  {
    name: "a read does not see what comes after it",
    run: async (backend) => {
      const kernel = await backend.compile(addNest(2, 1));
      const [x, y] = [newBuffer(backend, [1, 2]), newBuffer(backend, [0, 0])];
      kernel.run([x], [y]);
      const early = readFloats(backend, y, 2);
      backend.write(x, new Float32Array([5, 6]));
      kernel.run([x], [y]);
      expectClose(await early, [2, 3], 0, (i) => `element ${i} of the early read`);
      expectClose(await readFloats(backend, y, 2), [6, 7], 0, (i) => `element ${i} of the late read`);
      for (const buffer of [x, y]) backend.release(buffer);
    },
  },
  {
    name: "one kernel runs on any buffers, and twice in a row",
    run: async (backend) => {
      const kernel = await backend.compile(wideNest(2, 2, 1));
      const [a, b, c] = [newBuffer(backend, [1, 2]), newBuffer(backend, [10, 20]), newBuffer(backend, [0, 0])];
      kernel.run([a, b], [c]);
      expectClose(await readFloats(backend, c, 2), [11, 22], 0, (i) => `element ${i} of a + b`);
      kernel.run([b, b], [c]);
      expectClose(await readFloats(backend, c, 2), [20, 40], 0, (i) => `element ${i} of b + b`);
      kernel.run([c, b], [a]);
      expectClose(await readFloats(backend, a, 2), [30, 60], 0, (i) => `element ${i} of c + b`);
      for (const buffer of [a, b, c]) backend.release(buffer);
    },
  },
  {
    name: "an output may take the buffer of an input that is read where it is written",
    run: async (backend) => {
      const kernel = await backend.compile(wideNest(100, 2, 2));
      const values = Array.from({ length: 100 }, (_, i) => i);
      const [a, b] = [newBuffer(backend, values), newBuffer(backend, values)];
      kernel.run([a, b], [b, a]);
      expectClose(
        await readFloats(backend, b, 100),
        values.map((i) => 2 * i),
        0,
        (i) => `element ${i} over b`,
      );
      expectClose(
        await readFloats(backend, a, 100),
        values.map((i) => 2 * i + 1),
        0,
        (i) => `element ${i} over a`,
      );
      for (const buffer of [a, b]) backend.release(buffer);
    },
  },
  {
    name: "a kernel reads and writes as many buffers as the capabilities say",
    run: async (backend) => {
      const { maximumInputs, maximumOutputs, maximumBuffers = maximumInputs + maximumOutputs } = backend.capabilities;
      if (!(maximumInputs >= 3 && maximumOutputs >= 1)) {
        throw new Error(
          `${maximumInputs} inputs and ${maximumOutputs} outputs; at least 3 (for where) and 1 are needed.`,
        );
      }
      if (!(maximumBuffers > Math.max(maximumInputs, maximumOutputs))) {
        throw new Error(
          `${maximumBuffers} buffers in all, of which ${maximumInputs} may be read and ${maximumOutputs} written; ` +
            "at least one more than each is needed.",
        );
      }
      for (const [mostInputs, mostOutputs] of [
        [maximumInputs, maximumBuffers - maximumInputs],
        [maximumBuffers - maximumOutputs, maximumOutputs],
      ]) {
        const [inputs, outputs] = [Math.min(mostInputs, maximumInputs, 64), Math.min(mostOutputs, maximumOutputs, 64)];
        const kernel = await backend.compile(wideNest(3, inputs, outputs));
        const read = Array.from({ length: inputs }, (_, i) => newBuffer(backend, [i, i + 1, i + 2]));
        const written = Array.from({ length: outputs }, () => newBuffer(backend, [0, 0, 0]));
        kernel.run(read, written);
        const sum = (inputs * (inputs - 1)) / 2;
        for (const [j, buffer] of written.entries()) {
          const expected = [0, 1, 2].map((i) => sum + i * inputs + j);
          expectClose(await readFloats(backend, buffer, 3), expected, 0, (i) => `element ${i} of output ${j}`);
        }
        for (const buffer of [...read, ...written]) backend.release(buffer);
      }
    },
  },
];
