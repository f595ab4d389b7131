/** A page with WebGPU knows the backend; an adapter in software is passed over, and the reason is told. */
import { beforeEach, expect, it, vi } from "vitest";

beforeEach(() => {
  vi.resetModules();
  return () => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  };
});

const softwareOnly = {
  requestAdapter: async () => ({ info: { isFallbackAdapter: true, description: "a rasteriser" } }),
};

it("leaves pages without WebGPU alone", async () => {
  vi.stubGlobal("navigator", {});
  const { reportBackends } = await import("../src/index.ts");
  expect((await reportBackends()).map(({ name }) => name)).not.toContain("webgpu");
});

it("passes over an adapter in software, and says so", async () => {
  vi.stubGlobal("navigator", { gpu: softwareOnly });
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { openBackend } = await import("../src/index.ts");
  expect((await openBackend()).name).toBe("wasm");
  expect(warn).toHaveBeenCalledWith(
    expect.stringMatching(/uses backend wasm\. .*the only adapter is software \(a rasteriser\)/),
  );
});
