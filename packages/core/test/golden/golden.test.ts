/** Every op against PyTorch's values and gradients (tools/parity), as generated code and interpreted, with claims and without. */
import { openCpu } from "@sconce/backend-cpu";
import type { Backend } from "@sconce/core";
import { expect, it } from "vitest";
import * as ops from "../../src/ops/index.ts";
import { families } from "./cases.ts";
import { compareWithGolden } from "./compare.ts";

compareWithGolden({
  cpu: openCpu() as Backend,
  "cpu without claims": openCpu({ claims: false }) as Backend,
  "cpu interpreting": openCpu({ claims: false, generateCode: false }) as Backend,
});

/** Random numbers are Sconce's own, and the rest is no function from numbers to numbers. */
const without = /^random|^deriveKey$|^fromHost$|^constantValue$/;

it("has a case for every op", () => {
  const covered = new Set([...families.values()].flat().map(({ op }) => op));
  const functions = Object.entries(ops).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
  expect(functions.filter((name) => !covered.has(name) && !without.test(name))).toEqual([]);
});
