import "@sconce/backend-cpu/register";
import { openBackend, registerBackend, reportBackends } from "@sconce/core";
import { describe, expect, it, vi } from "vitest";

describe("registry", () => {
  it("says what is registered when a name is unknown", async () => {
    await expect(openBackend("quantum")).rejects.toThrow(
      /no backend named "quantum" is registered \(.*cpu.*@sconce\/backend-quantum\/register/s,
    );
  });

  it("reports why a backend did not open, and warns when it falls back", async () => {
    registerBackend("native", async () => {
      throw new Error("the addon is missing");
    });
    const report = await reportBackends();
    expect(report.find(({ name }) => name === "native")?.failure).toContain("the addon is missing");
    expect(report.find(({ name }) => name === "cpu")?.backend?.name).toBe("cpu");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect((await openBackend()).name).toBe("cpu");
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("the addon is missing"));
    warn.mockRestore();
  });
});
