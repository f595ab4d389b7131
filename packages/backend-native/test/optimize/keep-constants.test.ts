/** What depends on weights alone is computed once, and again when a weight changes. */
import { openNative } from "@sconce/backend-native";
import {
  add,
  type Backend,
  compile,
  conv2d,
  multiply,
  type ProgramDraft,
  relu,
  subtract,
  type Tensor,
  Variable,
  withBackend,
} from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { floats } from "../support/floats.ts";

/** A variable with such contents. */
const weight = (shape: readonly number[], seed: number): Variable =>
  new Variable({ shape, dtype: "float32" }, floats(shape, seed));

/** Two layers of equal shapes: a convolution, and a batch norm with known statistics. */
function network(): { run: (x: Tensor) => Tensor; variables: readonly Variable[] } {
  const layers = [0, 1].map((layer) => ({
    kernel: weight([6, 6, 3, 3], layer),
    scale: weight([6, 1, 1], 10 + layer),
    mean: weight([6, 1, 1], 20 + layer),
    bias: weight([6, 1, 1], 30 + layer),
  }));
  const run = (x: Tensor): Tensor => {
    let y = x;
    for (const { kernel, scale, mean, bias } of layers) {
      const factor = multiply(scale.value, 3);
      const shift = subtract(bias.value, multiply(mean.value, factor));
      y = relu(add(multiply(conv2d(y, kernel.value, { padding: 1 }), factor), shift));
    }
    return y;
  };
  return { run, variables: layers.flatMap(Object.values) };
}

/** The numbers of a network's predictions while its weights change between them. */
async function predictions(backend: Backend): Promise<(readonly number[])[]> {
  return withBackend(backend, async () => {
    const { run, variables } = network();
    const predict = compile((x: Tensor) => [run(x)]);
    // Another program with kernels of the same shapes.
    const twice = compile((x: Tensor) => [run(run(x))]);
    const results: number[][] = [];
    const record = async (program: (x: Tensor) => Promise<readonly Tensor[]>, seed: number): Promise<void> => {
      const [y] = await program(floats([1, 6, 5, 4], seed));
      results.push([...(await y.data())]);
      y.dispose();
    };
    for (let round = 0; round < 3; round++) {
      await record(predict, round);
      await record(twice, round);
      await record(predict, round + 1);
      for (const variable of variables) {
        variable.assign(multiply(variable.value, 1.25));
        await record(predict, round);
        await record(predict, round);
      }
    }
    return results;
  });
}

test.runIf(testsNative)("predictions follow the weights", async () => {
  const kept = await openNative();
  const plain = await openNative({ optimize: false });
  const names: string[] = [];
  const watched: Backend = {
    ...(kept as Backend),
    optimize: (draft: ProgramDraft, claim) => {
      const optimized = kept.optimize!(draft, claim);
      names.push(...optimized.nodes.flatMap(({ work }) => (work.kind === "claim" ? [work.request.op] : [])));
      return optimized;
    },
  };
  const [ours, theirs] = [await predictions(watched), await predictions(plain as Backend)];
  await Promise.all([kept.close?.(), plain.close?.()]);
  expect(names.filter((name) => name === "keptNest").length).toBeGreaterThan(0);
  ours.forEach((numbers, i) => {
    const errors = numbers.map((value, j) => Math.abs(value - theirs[i][j]));
    expect(Math.max(...errors) / Math.max(...theirs[i])).toBeLessThan(1e-5);
  });
  expect(new Set(ours.map(String)).size).toBe(3 * 3 + 3 * 8);
});

test.runIf(testsNative)(
  "results that were made are not made again, and those that another wrote over are",
  async () => {
    const { loadAddon } = await import("../../src/addon.ts");
    const { encodeNest } = await import("../../src/encode-nest.ts");
    const addon = loadAddon();
    const device = addon.open(1);
    const description = encodeNest({
      shape: [4],
      inputs: ["float32"],
      body: [
        { kind: "load", input: 0, dtype: "float32", access: { kind: "affine", offset: 0, strides: [1] } },
        { kind: "apply", operator: "add", dtype: "float32", operands: [0, 0] },
      ],
      epilogue: [],
      stores: [{ value: 1, dtype: "float32" }],
    });
    const programs = ["keptNest", "nest"].map((name) =>
      addon.program(device, [addon.kernel(device, name, description)!]),
    );
    const [kept, plain] = programs;
    const [a, b, result] = [16, 16, 16].map((bytes) => addon.allocate(device, bytes));
    const bytesOf = (...numbers: number[]): Uint8Array => new Uint8Array(Float32Array.from(numbers).buffer);
    const run = (program: typeof kept, ...buffers: number[]): number[] => {
      addon.run(device, program, Int32Array.from(buffers));
      return [...new Float32Array(addon.readSync(device, result, 16))];
    };
    addon.write(device, a, bytesOf(1, 2, 3, 4));
    addon.write(device, b, bytesOf(5, 6, 7, 8));
    expect(run(kept, a, result)).toEqual([2, 4, 6, 8]);
    expect(run(kept, a, result)).toEqual([2, 4, 6, 8]);
    expect(run(plain, b, result)).toEqual([10, 12, 14, 16]);
    expect(run(kept, a, result)).toEqual([2, 4, 6, 8]);
    expect(run(kept, b, result)).toEqual([10, 12, 14, 16]);
    addon.write(device, result, bytesOf(0, 0, 0, 0));
    expect(run(kept, b, result)).toEqual([10, 12, 14, 16]);
    addon.write(device, b, bytesOf(1, 1, 1, 1));
    expect(run(kept, b, result)).toEqual([2, 2, 2, 2]);
    // Its own input: never the same contents again.
    expect(run(kept, result, result)).toEqual([4, 4, 4, 4]);
    expect(run(kept, result, result)).toEqual([8, 8, 8, 8]);
    addon.close(device);
  },
);
