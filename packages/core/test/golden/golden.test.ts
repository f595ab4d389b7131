/** Every op against PyTorch's values and gradients (tools/parity), as generated code and interpreted, with claims and without. */
import { openCpu } from "@sconce/backend-cpu";
import { describe, expect, it } from "vitest";
import * as ops from "../../src/ops/index.ts";
import { difference, families, runCase } from "./cases.ts";

const ways = {
  cpu: openCpu(),
  "cpu without claims": openCpu({ claims: false }),
  "cpu interpreting": openCpu({ claims: false, generateCode: false }),
};

describe.each(Object.entries(ways))("%s", (_, backend) => {
  for (const [family, cases] of families) {
    describe(family, () => {
      it.each(cases.map((golden) => [golden.name, golden] as const))("%s", async (_, golden) => {
        for (const { what, actual, expected } of await runCase(golden, backend)) {
          expect({ what, shape: actual.shape, dtype: actual.dtype }).toEqual({
            what,
            shape: expected.shape,
            dtype: expected.dtype,
          });
          expect(difference(await actual.data(), expected), what).toBeUndefined();
        }
      });
    });
  }
});

/** Random numbers are Sconce's own, and the rest is no function from numbers to numbers. */
const without = /^random|^deriveKey$|^fromHost$|^constantValue$/;

it("has a case for every op", () => {
  const covered = new Set([...families.values()].flat().map(({ op }) => op));
  const functions = Object.entries(ops).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
  expect(functions.filter((name) => !covered.has(name) && !without.test(name))).toEqual([]);
});
