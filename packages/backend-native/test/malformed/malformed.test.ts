/**
 * Nothing that is said to the addon crashes it. Kernels are described by lists of numbers: valid ones are taken from
 * programs, changed at random, and made and run in a process of its own; so are calls with arguments of every kind.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { describedOps } from "../../src/claims/index.ts";
import { binary, runChild } from "../support/child.ts";
import { type KernelDescription, kernelCorpus } from "./kernel-corpus.ts";

const extremes = [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 47, 2 ** 48, 2 ** 53, -(2 ** 31), -(2 ** 48), 1e300];
const notNumbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5, -0];

const number = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -2, max: 9 }) },
  { weight: 2, arbitrary: fc.integer({ min: -5000, max: 5000 }) },
  { weight: 2, arbitrary: fc.constantFrom(...extremes) },
  { weight: 1, arbitrary: fc.constantFrom(...notNumbers) },
);

/** One change to a list, at a place given as a share of its length. */
const change = fc.record({
  kind: fc.constantFrom("replace", "replace", "replace", "replace", "step", "insert", "remove", "truncate", "append"),
  share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  value: number,
});

function changed(numbers: readonly number[], changes: readonly { kind: string; share: number; value: number }[]) {
  const list = [...numbers];
  for (const { kind, share, value } of changes) {
    const at = Math.floor(share * list.length);
    if (kind === "replace") list[at] = value;
    else if (kind === "step") list[at] += value < 0 ? -1 : 1;
    else if (kind === "insert") list.splice(at, 0, value);
    else if (kind === "remove") list.splice(at, 1);
    else if (kind === "truncate") list.length = at;
    else list.push(value);
  }
  return list;
}

const line = ({ name, numbers }: KernelDescription): string => `${name}\t${numbers.join()}`;

it("refuses malformed descriptions, and runs the others within their buffers", async () => {
  const corpus = await kernelCorpus();
  // A new kernel needs a program in the corpus.
  expect(new Set(corpus.map(({ name }) => name))).toEqual(new Set([...describedOps, "nest"]));
  const malformed = fc
    .tuple(fc.constantFrom(...corpus), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([{ name, numbers }, changes]) => ({ name, numbers: changed(numbers, changes) }));
  const cases = [...corpus, ...fc.sample(malformed, 3000)];
  const { code, signal, output } = await runChild("malformed-child.mjs", [binary], cases.map(line).join("\n"));
  const lines = output.trim().split("\n");
  const last = cases[Number(lines.filter((text) => /^\d+$/.test(text)).at(-1))];
  expect({ code, signal }, `at ${last && line(last)}\n${output.slice(-4000)}`).toEqual({ code: 0, signal: null });
  const counts = JSON.parse(lines.at(-1) as string);
  expect(counts.ran).toBeGreaterThanOrEqual(corpus.length);
  expect(counts.refused).toBeGreaterThan(1000);
  console.log(counts);
});

it("throws for arguments of the wrong kind", async () => {
  const names = [
    "open",
    "close",
    "allocate",
    "release",
    "write",
    "read",
    "readSync",
    "finish",
    "kernel",
    "program",
    "run",
  ];
  const call = fc.tuple(fc.constantFrom(...names), fc.array(fc.nat(200), { maxLength: 4 }));
  const input = fc.sample(call, 4000).map(([name, values]) => [name, ...values].join(" "));
  const { code, signal, output } = await runChild("misuse-child.mjs", [binary], input.join("\n"));
  expect({ code, signal }, output.slice(-4000)).toEqual({ code: 0, signal: null });
  expect(JSON.parse(output.trim().split("\n").at(-1) as string).thrown).toBeGreaterThan(1000);
});
