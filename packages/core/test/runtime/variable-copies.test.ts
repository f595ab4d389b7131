/** Variables that are given one value own a buffer each: updating one in place leaves the others as they are. */
import "@sconce/backend-cpu/register";
import { compile, Param, Stat, type Tensor, tensor } from "@sconce/core";
import { expect, test } from "vitest";

const signature = { shape: [2], dtype: "float32" } as const;
const read = async (x: Tensor): Promise<number[]> => [...(await x.data())];

/** Runs a program that reads `kept`, lets go of every tensor, and updates `changed` in place. */
async function updateInPlace(changed: Param, ...kept: Stat[]): Promise<void> {
  await compile(() => kept.map((variable) => variable.value.mul(2)))();
  await compile(() => changed.value.mul(2))();
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const change = compile(() => {
    changed.assign(changed.value.mul(10));
    return [];
  });
  await change();
}

test("whose initial value is that of another", async () => {
  const p = new Param(signature, tensor([1, 2]));
  await compile(() => p.value.sum())();
  const lazy = new Stat(signature, () => p.value);
  const direct = new Stat(signature, p.value);
  await updateInPlace(p, lazy, direct);
  expect([await read(p.value), await read(lazy.value), await read(direct.value)]).toEqual([
    [10, 20],
    [1, 2],
    [1, 2],
  ]);
});

test("that start from one tensor, of host data or still to be computed", async () => {
  for (const make of [(): Tensor => tensor([1, 2]), (): Tensor => tensor([0, 1]).add(1)]) {
    const variables = ((value: Tensor) => [new Param(signature, value), new Stat(signature, value)] as const)(make());
    const [p, s] = variables;
    await updateInPlace(p, s);
    expect([await read(p.value), await read(s.value)]).toEqual([
      [10, 20],
      [1, 2],
    ]);
  }
});

test("that are assigned one value", async () => {
  const p = new Param(signature, tensor([1, 2]));
  const others = [0, 0].map(() => new Stat(signature, tensor([0, 0])));
  for (const other of others) other.assign(p.value);
  await updateInPlace(p, ...others);
  expect([await read(p.value), ...(await Promise.all(others.map(({ value }) => read(value))))]).toEqual([
    [10, 20],
    [1, 2],
    [1, 2],
  ]);
  p.assign(p.value);
  expect(await read(p.value)).toEqual([10, 20]);
});
