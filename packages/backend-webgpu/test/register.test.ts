/** The register entry makes the backend known; it does not take software for a graphics card. */
import { reportBackends } from "@sconce/core";
import { expect, it } from "vitest";
import "../src/register.ts";

it('makes the backend known as "webgpu", or says why it does not open', async () => {
  const [report] = await reportBackends();
  expect(report.name).toBe("webgpu");
  if (report.backend) {
    expect(report.backend.name).toBe("webgpu");
    await report.backend.close?.();
  } else {
    expect(report.failure).toMatch(/the only adapter is software|there is no adapter/);
  }
});
