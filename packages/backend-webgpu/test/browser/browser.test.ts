/** The backend in a real browser: it trains the network of apps/digits as the cpu backend does. */
import { openCpu } from "@sconce/backend-cpu";
import { describe, expect, it } from "vitest";
import { executablePath, openPage } from "./open-page.ts";
import { trainDigits } from "./training.ts";

describe.skipIf(!executablePath)("in a browser", () => {
  it("the first 50 losses are those of the cpu backend", { timeout: 120_000 }, async () => {
    const { page, close } = await openPage("app.ts");
    try {
      const inPage = page.evaluate(() => globalThis.webGpuLosses);
      const expected = await trainDigits(openCpu(), 50);
      expect(expected[49]).toBeLessThan(expected[0] - 0.5);
      const report = await inPage;
      expect(report).toEqual(expected.map((loss) => expect.closeTo(loss, 3)));
    } finally {
      await close();
    }
  });
});
