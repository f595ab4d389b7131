/** In a browser, what was measured is remembered in IndexedDB. */
import { describe, expect, it } from "vitest";
import { executablePath, openPage } from "./open-page.ts";

describe.skipIf(!executablePath)("tuning in a browser", () => {
  it("measures once", { timeout: 120_000 }, async () => {
    const { page, close } = await openPage("tuning.ts");
    try {
      const counts = await page.evaluate(() => globalThis.tunedPipelines);
      expect(counts).toEqual([expect.any(Number), expect.any(Number)]);
      const [first, second] = counts as number[];
      expect(second).toBeGreaterThan(0);
      expect(first).toBeGreaterThan(second);
    } finally {
      await close();
    }
  });
});
