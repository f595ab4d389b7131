/** Every op on some backends against PyTorch's values and gradients (tools/parity). */
import type { Backend } from "@sconce/core";
import { afterAll, describe, expect, it } from "vitest";
import { difference, families, runCase } from "./cases.ts";

/** Makes the tests for each of the backends, which are closed then. */
export function compareWithGolden(ways: Readonly<Record<string, Backend>>): void {
  afterAll(async () => {
    for (const backend of Object.values(ways)) await backend.close?.();
  });

  describe.each(Object.entries(ways))("%s", (_, backend) => {
    for (const [family, cases] of families) {
      describe(family, () => {
        it.each(cases.map((golden) => [golden.name, golden] as const))("%s", async (_, golden) => {
          for (const { what, actual, expected } of await runCase(golden, backend)) {
            expect({ shape: actual.shape, dtype: actual.dtype }, what).toEqual({
              shape: expected.shape,
              dtype: expected.dtype,
            });
            expect(difference(await actual.data(), expected), what).toBeUndefined();
          }
        });
      });
    }
  });
}
