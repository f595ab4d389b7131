/** Nests over no elements are as well-formed as others: every number in them is a finite whole one. */
import { openCpu } from "@sconce/backend-cpu";
import { type Backend, concatenate, type LoopNest, type Tensor, withBackend, zeros } from "@sconce/core";
import { describe, expect, it } from "vitest";

/** Every offset and stride of the nests that evaluating `make()` compiles. */
async function accessNumbers(make: () => Tensor): Promise<number[]> {
  const numbers: number[] = [];
  const cpu = openCpu();
  const compile = (nest: LoopNest): unknown => {
    for (const instruction of [...nest.body, ...nest.epilogue]) {
      if (instruction.kind === "load" && instruction.access.kind === "affine") {
        numbers.push(instruction.access.offset, ...instruction.access.strides);
      }
      if (instruction.kind === "constant" && instruction.dtype === "int32") numbers.push(instruction.value);
    }
    return cpu.compile(nest);
  };
  const backend = { ...cpu, claim: undefined, compile } as unknown as Backend;
  await withBackend(backend, async () => (await make()).data());
  return numbers;
}

describe("nests without elements", () => {
  it.each<[string, () => Tensor]>([
    ["a matmul of depth 0", () => zeros([3, 0]).matmul(zeros([0, 2]))],
    [
      "a batched matmul of depth 0",
      () =>
        zeros([4, 3, 0])
          .add(1)
          .matmul(zeros([4, 0, 2]).add(1)),
    ],
    ["a reshape of nothing", () => zeros([2, 0]).add(1).reshape([0, 3]).transpose().sum({ axes: 0 })],
    ["a sum over nothing", () => zeros([5, 0]).add(1).sum({ axes: 1 })],
    ["a join with nothing", () => concatenate([zeros([2, 0]).add(1), zeros([2, 3]).add(1)], 1)],
  ])("%s has finite offsets and strides", async (_, make) => {
    for (const number of await accessNumbers(make)) expect(Number.isSafeInteger(number)).toBe(true);
  });
});
