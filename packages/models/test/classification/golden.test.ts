/** Networks against torchvision's (tools/parity/models.py): parameters, names and shapes of the state, and logits. */
import "@sconce/backend-cpu/register";
import { readFileSync } from "node:fs";
import { compile, RandomState, type Shape, sizeOf, type Tensor, type Variable } from "@sconce/core";
import type { Layer } from "@sconce/layers";
import * as models from "@sconce/models";
import { expect, test } from "vitest";
import { fnv1a, imagesOf, valueOf } from "./golden-values.ts";

interface Golden {
  readonly network: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly parameters: number;
  /** Of the sorted lines `name:shape` of the whole state. */
  readonly digest: number;
  readonly state?: Readonly<Record<string, Shape>>;
  /** The shape of the images that gave the logits. */
  readonly images?: Shape;
  /** Of the last image, the first 16. */
  readonly logits?: readonly number[];
  /** Of the logits of all images. */
  readonly norm?: number;
}

const path = new URL("../golden/classification.json", import.meta.url);
const cases: readonly Golden[] = JSON.parse(readFileSync(path, "utf8"));
const named = cases.map((golden) => [`${golden.network}(${JSON.stringify(golden.options)})`, golden] as const);
const exported: ReadonlyMap<string, unknown> = new Map(Object.entries(models));

function make({ network, options }: Golden): Layer {
  if (network === "LeNet5") return new models.LeNet5(options);
  return (exported.get(network) as (options: Golden["options"]) => Layer)(options);
}

const stateOf = (model: Layer): [string, Variable][] =>
  [...model.namedVariables()].filter(([, variable]) => !(variable instanceof RandomState));

test.each(named)("%s has torchvision's parameters, names and shapes", (_, golden) => {
  const model = make(golden);
  expect(model.parameters().reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(golden.parameters);
  const state = stateOf(model);
  if (golden.state) {
    expect(Object.fromEntries(state.map(([name, { shape }]) => [name, [...shape]]))).toEqual(golden.state);
  }
  const lines = state.map(([name, { shape }]) => `${name}:${shape.join(",")}`).sort();
  expect(fnv1a(lines.join("\n"))).toBe(golden.digest);
});

const withLogits = named.filter(([, { images }]) => images);
test.each(withLogits)("%s has torchvision's logits", async (_, { images = [], logits = [], norm = 0, ...golden }) => {
  const model = make(golden);
  model.loadStateDict(Object.fromEntries(stateOf(model).map(([name, variable]) => [name, valueOf(name, variable)])));
  const found = await compile((x: Tensor) => model.forward(x))(imagesOf(images));
  const values = [...(await found.data())];
  expect(Math.hypot(...values) / norm).toBeCloseTo(1, 5);
  const last = values.slice(-found.shape[1]);
  const bound = 1e-5 * Math.max(...logits.map(Math.abs));
  for (const [i, logit] of logits.entries()) {
    expect(Math.abs(last[i] - logit), `logit ${i}`).toBeLessThanOrEqual(bound);
  }
});
