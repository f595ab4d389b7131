/** Every op against PyTorch's values and gradients (tools/parity), with claims and without. */
import { afterAll, describe, expect, it } from "vitest";
import { difference, families, runCase } from "../../core/test/golden/cases.ts";
import { openNative } from "../src/index.ts";

const ways = {
  "two threads": await openNative({ threads: 2 }),
  "one thread, without claims": await openNative({ threads: 1, claims: false }),
};
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
