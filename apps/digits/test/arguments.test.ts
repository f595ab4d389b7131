import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseArguments, UsageError } from "../src/arguments.ts";

test("has a default for everything", () => {
  expect(parseArguments([])).toEqual({
    epochs: 12,
    batchSize: 32,
    learningRate: 0.005,
    seed: 0,
    report: "sconce-digits-report.html",
    backend: undefined,
    quiet: false,
  });
});

test("takes every option", () => {
  const report = join(mkdtempSync(join(tmpdir(), "digits-")), "r.html");
  const args = ["--epochs=3", "--batch-size", "64", "--learning-rate", "1e-3", "--seed", "7", "--report", report];
  expect(parseArguments([...args, "--backend", "cpu", "--quiet"])).toEqual({
    epochs: 3,
    batchSize: 64,
    learningRate: 0.001,
    seed: 7,
    report,
    backend: "cpu",
    quiet: true,
  });
  expect(parseArguments(["--help"])).toBe("help");
});

test.each([
  [["--epochs", "0"], '--epochs is "0"; give a whole number of at least 1.'],
  [["--epochs", "1.5"], '--epochs is "1.5"; give a whole number of at least 1.'],
  [["--epochs", ""], '--epochs is ""; give a whole number of at least 1.'],
  [["--batch-size", "2000"], '--batch-size is "2000"; give a whole number from 1 to 1437.'],
  [["--seed=-1"], '--seed is "-1"; give a whole number of at least 0.'],
  [["--learning-rate", "fast"], '--learning-rate is "fast"; give a number above 0, such as 0.005.'],
  [["--learning-rate", "0"], '--learning-rate is "0"; give a number above 0'],
  [["--report", "/no/such/folder/r.html"], "there is no folder /no/such/folder."],
  [["--report", tmpdir()], "give the name of a file."],
  [["--epoch", "3"], "Unknown option '--epoch'"],
  [["12"], "Unexpected argument '12'"],
])("%j is refused", (args, message) => {
  expect(() => parseArguments(args)).toThrow(UsageError);
  expect(() => parseArguments(args)).toThrow(message);
});
