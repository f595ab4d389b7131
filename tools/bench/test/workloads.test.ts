import { describe, expect, it } from "vitest";
import { disagreement, sampleOf } from "../src/answer.ts";
import { numbers } from "../src/numbers.ts";
import { cpu } from "../src/suites/cpu.ts";
import { native } from "../src/suites/native.ts";
import { wasm } from "../src/suites/wasm.ts";
import { webgpu, webgpuSoftware } from "../src/suites/webgpu.ts";
import { operationsOf, workloads } from "../src/workloads.ts";

describe("suites", () => {
  it.each([cpu, wasm, native, webgpu, webgpuSoftware])("measure works that there are: $name", (suite) => {
    for (const { work } of [...suite.pairs, ...(suite.counted ?? [])]) expect(workloads).toHaveProperty([work]);
  });
});

describe("operationsOf", () => {
  it("counts two operations per multiply-add, and three passes with gradients", () => {
    expect(operationsOf(workloads["matmul-1024"].work)).toBe(2 ** 31);
    expect(operationsOf(workloads["conv-forward"].work)).toBe(1_849_688_064);
    expect(operationsOf(workloads["conv-backward"].work)).toBe(3 * 1_849_688_064);
    expect(operationsOf(workloads["conv-7x7-3"].work)).toBe(1_888_223_232);
    expect(operationsOf(workloads["conv-depthwise"].work)).toBe(65_028_096);
  });
});

describe("numbers", () => {
  it("are the same for the same seed, within the scale, and spread around zero", () => {
    const values = numbers(10_000, 3, 0.5);
    expect(numbers(10_000, 3, 0.5)).toEqual(values);
    expect(numbers(10_000, 4, 0.5)).not.toEqual(values);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.5);
    expect(Math.abs(values.reduce((a, b) => a + b, 0) / values.length)).toBeLessThan(0.01);
  });
});

describe("answers", () => {
  it("are at most 64 numbers from all over the result", () => {
    expect(sampleOf([1, 2, 3])).toEqual([1, 2, 3]);
    const sample = sampleOf(Array.from({ length: 640 }, (_, i) => i));
    expect(sample).toHaveLength(64);
    expect(sample.slice(-1)).toEqual([630]);
  });

  it("agree up to a thousandth of the largest", () => {
    expect(disagreement([1, 100.05], [1.05, 100])).toBeUndefined();
    expect(disagreement([1, 100], [1.2, 100])).toBe("1 against 1.2 at place 0");
    expect(disagreement([Number.NaN], [1])).toBe("NaN against 1 at place 0");
    expect(disagreement([1], [1, 2])).toBe("1 numbers against 2");
  });
});
