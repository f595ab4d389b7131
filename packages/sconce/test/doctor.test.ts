import { describe, expect, it } from "vitest";
import { doctor } from "../src/doctor.ts";
import { registerBackend } from "../src/index.ts";

describe("doctor", () => {
  it("lists each backend, whether it opens, and why not", async () => {
    registerBackend("torchless", async () => {
      throw new Error("there is no torch in the bracket");
    });
    const report = await doctor();
    expect(report).toMatch(/cpu +yes/);
    expect(report).toMatch(/wasm +yes +\d+ threads?/);
    expect(report).toMatch(/torchless +no .*there is no torch in the bracket/);
    expect(report).toMatch(/native +(yes +\d+ threads?|no .*there is no binary)/);
    expect(report).toMatch(
      /webgpu +(yes +on the graphics card|no .*(only adapter is software|there is no adapter|install webgpu))/,
    );
    expect(report).toMatch(/Used by default: (native|wasm)/);
  });
});
