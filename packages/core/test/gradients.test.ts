/**
 * Every differentiable function of core has gradients that are its derivatives, of first and second order; and no
 * function or op is left out by accident.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openCpu } from "@sconce/backend-cpu";
import { checkGradients, type GradientSample, gradientChecks, Random } from "@sconce/conformance";
import * as core from "@sconce/core";
import { describe, expect, it } from "vitest";
import * as ops from "../src/ops/index.ts";

const backend = openCpu();

describe("gradients", () => {
  it.each(gradientChecks.map((check) => [check.name, check] as const))("%s", async (name, { samples }) => {
    const drawn = samples(new Random(name.length));
    expect(drawn.length).toBeGreaterThan(0);
    for (const { fn, inputs, order } of drawn) await checkGradients(fn, [inputs], { backend, order });
  });
});

/** Exported functions of ops without a gradient check, by the reason why they need none. */
const notDifferentiated: Readonly<Record<string, readonly string[]>> = {
  "takes no float tensor": [
    "arange",
    "eye",
    "iota",
    "linspace",
    "full",
    "zeros",
    "ones",
    "fromHost",
    "scalar",
    "tensor",
    "deriveKey",
    "randomBits",
    "randomBernoulli",
    "randomNormal",
    "randomPermutation",
    "randomUniform",
    "oneHot",
  ],
  "uses the shape of its input only": ["onesLike", "zerosLike"],
  "gives integers or truth values": [
    "argmax",
    "argmin",
    "argsort",
    "all",
    "any",
    "equal",
    "notEqual",
    "greater",
    "greaterEqual",
    "less",
    "lessEqual",
    "isNaN",
    "logicalAnd",
    "logicalNot",
    "logicalOr",
    "bitwiseAnd",
    "bitwiseOr",
    "bitwiseXor",
    "shiftLeft",
    "shiftRight",
  ],
  "tells something about its input": ["constantValue"],
};

/** Ops that no gradient check reaches, by the reason why they need none. */
const unreachedOps: Readonly<Record<string, readonly string[]>> = {
  "gives integers or truth values": [
    "bitwiseAnd",
    "bitwiseOr",
    "bitwiseXor",
    "shiftLeft",
    "shiftRight",
    "lessEqual",
    "logicalNot",
    "deriveKey",
    "randomBits",
    "argmin",
  ],
  "is put in by the compiler": ["copy", "source"],
};

function isOp(value: unknown): value is core.OpDefinition {
  return typeof value === "object" && value !== null && "infer" in value && "name" in value;
}

describe("the registry of gradient checks", () => {
  const checked = new Set(gradientChecks.map(({ name }) => name));
  const excused = Object.values(notDifferentiated).flat();

  it("has every differentiable function and op that core exports", () => {
    const exported = [...Object.keys(ops), "checkpoint"];
    expect(exported.filter((name) => !checked.has(name) && !excused.includes(name))).toEqual([]);
  });

  it("excuses only what exists and has no check", () => {
    expect(excused.filter((name) => checked.has(name))).toEqual([]);
    expect([...checked, ...excused].filter((name) => !(name in core))).toEqual([]);
  });

  it("reaches every op of core", async () => {
    const reached = new Set<core.OpDefinition>();
    for (const { name, samples } of gradientChecks) {
      for (const sample of samples(new Random(name.length)))
        for (const tensor of tensorsOf(sample)) reached.add(tensor.op);
    }
    const excusedOps = Object.values(unreachedOps).flat();
    const missing = (await allOps())
      .filter((op) => !reached.has(op) && !excusedOps.includes(op.name))
      .map((op) => op.name);
    expect(missing).toEqual([]);
  });
});

/** Every op object that a module of core exports, by itself or in a list. */
async function allOps(): Promise<core.OpDefinition[]> {
  const directory = join(import.meta.dirname, "../src");
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((file) =>
    /^(ops|autograd)\/.*\.ts$/.test(file),
  );
  const modules = await Promise.all(
    files.map((file) => import(join(directory, file)) as Promise<Record<string, unknown>>),
  );
  return [...new Set(modules.flatMap((module) => Object.values(module).flat()).filter(isOp))];
}

/** Everything in the graphs of a sample, its gradients and their gradients, and in the decompositions of these. */
function tensorsOf({ fn, inputs, order }: GradientSample): Set<core.Tensor> {
  const sources = inputs.map(core.fromHost);
  const floats = sources.filter(({ dtype }) => dtype === "float64");
  const value = fn(...sources);
  const cotangent = core.fromHost(core.hostZeros(value.shape, "float64"));
  const first = core.vjp(value, floats, cotangent);
  const along = first.map((g) => core.sum(core.square(g))).reduce((a, b) => a.add(b));
  const second = core.grad(along, order === 1 ? [cotangent] : [cotangent, ...floats]);
  const seen = new Set<core.Tensor>();
  const stack = [value, ...first, ...second];
  for (let tensor = stack.pop(); tensor; tensor = stack.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    stack.push(...tensor.inputs);
    if (tensor.op.decompose) stack.push(tensor.op.decompose(tensor.inputs, tensor.attributes));
  }
  return seen;
}
