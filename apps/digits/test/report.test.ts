import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Run, renderReport } from "../src/report/report.ts";
import { writeAtomically } from "../src/report/write-atomically.ts";

const ink = Array.from({ length: 64 }, (_, i) => (i % 3) / 2);
const predictions = Array.from({ length: 50 }, (_, i) => ({
  label: i % 10,
  predicted: i === 7 ? 1 : i % 10,
  probability: i === 7 ? 0.625 : 0.9,
  ink,
}));

const run: Run = {
  options: {
    epochs: 2,
    batchSize: 32,
    learningRate: 0.005,
    seed: 5,
    report: "r.html",
    backend: undefined,
    quiet: false,
  },
  backend: "cpu",
  parameters: 38266,
  seconds: 83,
  finished: new Date("2026-01-02T03:04:05Z"),
  result: {
    epochs: [
      { epoch: 1, training: { loss: 1.2, accuracy: 0.7 }, test: { loss: 0.4, accuracy: 0.9 } },
      { epoch: 2, training: { loss: 0.2, accuracy: 0.96 }, test: { loss: 0.1, accuracy: 0.98 } },
    ],
    steps: 88,
    evaluation: { loss: 0.1, accuracy: 0.98, predictions },
    interrupted: false,
  },
};

describe("the report", () => {
  const html = renderReport(run);

  test("has the accuracy, the curves, the confusion matrix, the misread images and the facts", () => {
    expect(html).toContain('<p class="score">98.0 %</p>');
    expect(html).toContain("49 of 50 test images read correctly");
    expect(html.match(/<section/g)?.length).toBe(5);
    expect(html).toContain("epoch 2, test: 98.0 %");
    expect(html).toContain("epoch 1, training: 1.20");
    expect(html).toContain("7 read as 1: 1 times, 20.0 %");
    expect(html).toContain('<span>true 7</span> <span class="wrong">read as 1</span> <span class="quiet">62.5 % sure');
    for (const fact of ["cpu", "38,266", "1 min 23 s", "2026-01-02 03:04 UTC", "34 images/s"]) {
      expect(html).toContain(`<dd>${fact}</dd>`);
    }
    expect(html).toContain("<dt>seed</dt><dd>5</dd>");
  });

  test("needs nothing but itself", () => {
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|src=/);
    expect(html.match(/https?:\/\/[^"< ]+/g)).toEqual(["https://doi.org/10.24432/C50P49"]);
  });

  test("says when the training was interrupted, even before the first epoch ended", () => {
    const early = renderReport({ ...run, result: { ...run.result, epochs: [], steps: 3, interrupted: true } });
    expect(early).toContain("by a model whose training was interrupted");
    expect(early).toContain("No epoch was completed.");
    expect(early).toContain("0 of 2, interrupted");
  });

  test("draws some of many misread images, and none where there are none", () => {
    const all = (wrong: boolean) =>
      predictions.map((each) => ({ ...each, predicted: (each.label + Number(wrong)) % 10 }));
    const of = (predicted: typeof predictions): string =>
      renderReport({ ...run, result: { ...run.result, evaluation: { loss: 1, accuracy: 0, predictions: predicted } } });
    expect(of(all(true))).toContain("the 48 surest of 50");
    expect(of(all(true)).match(/<figure class="digit">/g)?.length).toBe(48);
    expect(of(all(false))).toContain("<p>None.</p>");
  });

  test("survives a training that went wrong", () => {
    const lost = { loss: Number.NaN, accuracy: 0.1 };
    const epochs = [{ epoch: 1, training: lost, test: lost }];
    expect(renderReport({ ...run, result: { ...run.result, epochs } })).toContain("<h2>Loss");
  });

  test("treats names as text", () => {
    expect(renderReport({ ...run, backend: "<b>&" })).toContain("<dd>&#60;b&#62;&#38;</dd>");
  });
});

describe("writing atomically", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "digits-"));
  });

  test("replaces what was there and leaves nothing else", async () => {
    const path = join(folder, "r.html");
    writeFileSync(path, "before");
    await writeAtomically(path, "after");
    expect(readFileSync(path, "utf8")).toBe("after");
    expect(readdirSync(folder)).toEqual(["r.html"]);
  });

  test("leaves what was there if it fails", async () => {
    mkdirSync(join(folder, "taken"));
    await expect(writeAtomically(join(folder, "taken"), "text")).rejects.toThrow();
    await expect(writeAtomically(join(folder, "no", "r.html"), "text")).rejects.toThrow("ENOENT");
    expect(readdirSync(folder)).toEqual(["taken"]);
  });
});
