import { expect, it } from "vitest";
import { parseOptions } from "../src/options.ts";

it("knows the suite and the options, each with a default", () => {
  const defaults = { suite: undefined, only: "", quick: false, json: false, write: false, python: "python3" };
  expect(parseOptions([])).toEqual(defaults);
  expect(parseOptions(["wasm", "--only", "conv", "--quick", "--python", "/opt/python"])).toEqual({
    ...defaults,
    suite: "wasm",
    only: "conv",
    quick: true,
    python: "/opt/python",
  });
});

it("rejects what it does not know", () => {
  expect(() => parseOptions(["wasm", "--fast"])).toThrow("--fast");
});
