/** The whole kit and all gradient checks in a page, on a device with no more than the limits that all devices have. */
import { backendChecks } from "@sconce/conformance";
import { afterAll, beforeAll, describe, it } from "vitest";
import { gradientComparisons } from "../gradients.ts";
import { executablePath, type OpenPage, openPage } from "./open-page.ts";

const groups = { ...backendChecks, gradients: gradientComparisons };

describe.skipIf(!executablePath)("webgpu in a browser", () => {
  let opened: OpenPage | undefined;
  beforeAll(async () => {
    opened = await openPage("kit.ts");
  });
  afterAll(() => opened?.close());

  describe.each(Object.entries(groups))("%s", (_, checks) => {
    it.for(checks)("$name", async ({ name }, context) => {
      const { page } = opened as OpenPage;
      const { failure, skipped } = await page.evaluate((name) => globalThis.runCheck(name, 3), name);
      if (failure !== undefined) throw new Error(`${name}: ${failure}`);
      context.skip(skipped !== undefined, skipped);
    });
  });
});
