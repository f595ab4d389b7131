/** The kit's own rules: names are unique, skips keep their reasons, every claimable op has samples, documents agree. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openCpu } from "@sconce/backend-cpu";
import {
  backendChecks,
  checkGradients,
  gradientChecks,
  interpretNest,
  NotApplicable,
  opSampleRegistry,
  Random,
} from "@sconce/conformance";
import {
  add,
  defineOp,
  fromHost,
  type LoopNest,
  maximum,
  multiply,
  type OpDefinition,
  onesLike,
  stopGradient,
  type Tensor,
  vjp,
} from "@sconce/core";
import { describe, expect, it } from "vitest";
import { expectFailure, requireKnown } from "../src/skip.ts";

const checks = Object.values(backendChecks).flat();

describe("checks of backends", () => {
  it("have names of their own", () => {
    const names = checks.map(({ name }) => name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it("are skipped by names that exist", () => {
    expect(() => requireKnown({ "exp in float32": "a table of 8 entries" }, checks)).not.toThrow();
    expect(() => requireKnown({ "exp in float33": "a typing error" }, checks)).toThrow(
      'skip names no check of the kit: "exp in float33"',
    );
  });

  it("fail when skipped although they pass, or do not apply", async () => {
    await expectFailure("fails", async () => {
      throw new Error("wrong");
    });
    await expect(expectFailure("passes", async () => {})).rejects.toThrow('"passes" is skipped, but it passes');
    const inapplicable = async (): Promise<void> => {
      throw new NotApplicable("no float64");
    };
    await expect(expectFailure("x", inapplicable)).rejects.toThrow("does not apply (no float64)");
  });
});

describe("samples of ops", () => {
  it("exist for every op that core decomposes", () => {
    const composites = new Set<string>();
    for (const { samples } of gradientChecks) {
      for (const { fn, inputs } of samples(new Random(1))) {
        const sources = inputs.map(fromHost);
        const value = fn(...sources);
        const gradients = vjp(
          value,
          sources.filter(({ dtype }) => dtype === "float64"),
          onesLike(value),
        );
        for (const op of opsOf([value, ...gradients])) if (op.decompose) composites.add(op.name);
      }
    }
    const sampled = new Set(opSampleRegistry.map(({ op }) => op));
    expect([...composites].filter((op) => !sampled.has(op) && op !== "checkpoint")).toEqual([]);
  });
});

function opsOf(roots: readonly Tensor[]): Set<OpDefinition> {
  const seen = new Set<Tensor>(roots);
  for (const tensor of seen) {
    for (const input of tensor.inputs) seen.add(input);
    if (tensor.op.decompose) seen.add(tensor.op.decompose(tensor.inputs, tensor.attributes));
  }
  return new Set([...seen].map((tensor) => tensor.op));
}

describe("checkGradients", () => {
  const backend = openCpu();
  const inputs = [new Random(1).floats([2, 3])];

  const cube = (gradient: OpDefinition["gradient"]): OpDefinition =>
    defineOp<unknown>({
      name: "cube",
      infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
      lower: (e) => e.apply("multiply", e.load(0), e.apply("multiply", e.load(0), e.load(0))),
      gradient,
    });

  it("accepts an op with the right gradient", async () => {
    const right = cube((g, { inputs: [x] }) => [multiply(g, multiply(3, multiply(x, x)))]);
    await checkGradients(right, [inputs], { backend });
  });

  it("finds a wrong factor", async () => {
    const wrong = cube((g, { inputs: [x] }) => [multiply(g, multiply(2.9999, multiply(x, x)))]);
    await expect(checkGradients(wrong, [inputs], { backend })).rejects.toThrow("against finite differences");
  });

  it("finds a gradient that is right but not differentiable", async () => {
    const once = cube((g, { inputs: [x] }) => [multiply(g, stopGradient(multiply(3, multiply(x, x))))]);
    await expect(checkGradients(once, [inputs], { backend })).rejects.toThrow("the second derivative by input 0");
    await checkGradients(once, [inputs], { backend, order: 1 });
  });

  it("finds a rule that is not linear in the output's gradient", async () => {
    const nonlinear = cube((g, { inputs: [x] }) => [multiply(maximum(g, 0), multiply(3, multiply(x, x)))]);
    await expect(checkGradients(nonlinear, [inputs], { backend })).rejects.toThrow();
  });

  it("differentiates float64 inputs only, and asks for a float64 result", async () => {
    const flags = { shape: [3], dtype: "int32", data: Int32Array.of(1, 0, 2) } as const;
    await checkGradients((x, n) => multiply(x, add(n, 1)), [[...inputs, flags]], { backend });
    await expect(checkGradients((x) => x.cast("float32"), [inputs], { backend })).rejects.toThrow(
      "it must give float64",
    );
  });
});

describe("the reference interpreter", () => {
  it("gives values and the scale of their rounding", () => {
    const nest: LoopNest = {
      shape: [],
      reduce: { extent: [3], accumulators: [{ value: 0, combine: "sum", dtype: "float32" }] },
      inputs: ["float32"],
      body: [{ kind: "load", input: 0, dtype: "float32", access: { kind: "affine", offset: 2, strides: [-1] } }],
      epilogue: [{ kind: "accumulator", index: 0 }],
      stores: [{ value: 0, dtype: "float32" }],
    };
    const [{ values, magnitudes }] = interpretNest(nest, [[5, -4, 0.5]]);
    expect([values[0], magnitudes[0]]).toEqual([1.5, 9.5]);
    expect(() => interpretNest({ ...nest, inputs: ["float32"] }, [[1, 2]])).toThrow("element 2 of 2");
  });
});

describe("the README", () => {
  it("shows the test of the example backend", () => {
    const root = join(import.meta.dirname, "../../..");
    const readme = readFileSync(join(root, "packages/conformance/README.md"), "utf8");
    const shown = readme.match(/```js\n([\s\S]*?)```/)?.[1] ?? "no example";
    expect(readFileSync(join(root, "examples/third-party-backend/test/tiny-backend.test.ts"), "utf8")).toContain(shown);
  });
});
