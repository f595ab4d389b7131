/** The kernels are those of the instruction set that the environment names, if it names one. */
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { loadAddon } from "../../src/addon.ts";

test.runIf(testsNative)("the instruction set in use", () => {
  const wanted = process.env.SCONCE_NATIVE_INSTRUCTIONS || loadAddon().instructionSet();
  expect(["baseline", "avx2", "avx512"]).toContain(wanted);
  expect(loadAddon().instructionSet()).toBe(wanted);
});
