/** Layers against PyTorch's (tools/parity/layers.py): results, gradients of inputs and parameters, and statistics after training. */
import "@sconce/backend-cpu/register";
import { readFileSync } from "node:fs";
import { compile, grad, inference, type Tensor, training, type Variable } from "@sconce/core";
import * as layers from "@sconce/layers";
import { describe, expect, test } from "vitest";
import { expectClose, fromGolden, type GoldenTensor, weightedSum } from "./golden-values.ts";

interface Golden {
  readonly name: string;
  readonly layer: string;
  readonly arguments: readonly unknown[];
  readonly training: boolean;
  readonly inputs: readonly GoldenTensor[];
  readonly state?: Readonly<Record<string, GoldenTensor>>;
  readonly result: GoldenTensor;
  readonly gradients: readonly GoldenTensor["data"][];
  readonly parameterGradients: Readonly<Record<string, GoldenTensor["data"]>>;
  readonly stateAfter?: Readonly<Record<string, GoldenTensor>>;
}

const tensorsOf = (state: Readonly<Record<string, GoldenTensor>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => [name, fromGolden(value)]));

const exported: ReadonlyMap<string, unknown> = new Map(Object.entries(layers));

describe.each(["activations", "normalizations", "convolutions", "pools", "shapes"])("%s", (family) => {
  const cases: Golden[] = JSON.parse(readFileSync(new URL(`golden/${family}.json`, import.meta.url), "utf8"));
  describe.each([false, true])("captured: %s", (captured) => {
    test.each(cases.map((golden) => [golden.name, golden] as const))("%s", async (_, golden) => {
      const Layer = exported.get(golden.layer) as new (...args: readonly unknown[]) => layers.Layer;
      const layer = new Layer(...golden.arguments);
      layer.loadStateDict(tensorsOf(golden.state ?? {}));
      const inputs = golden.inputs.map(fromGolden);
      const parameters = layer.namedParameters();
      expect([...parameters.keys()]).toEqual(Object.keys(golden.parameterGradients));
      const run = (...given: readonly Tensor[]): { y: Tensor; gradients: Tensor[] } => {
        const y = (layer.forward as (...inputs: readonly Tensor[]) => Tensor)(...given);
        const floats = given.filter(({ dtype }) => dtype === "float32");
        return { y, gradients: grad(weightedSum([y]), [...floats, ...parameters.values()]) };
      };
      const inMode = golden.training ? training : inference;
      const { y, gradients } = captured ? await inMode(() => compile(run)(...inputs)) : inMode(() => run(...inputs));
      expect(y.shape).toEqual(golden.result.shape);
      await expectClose(y, golden.result.data, "result");
      const expected = [...golden.gradients, ...Object.values(golden.parameterGradients)];
      const names = [...golden.gradients.map((__, i) => `input ${i}`), ...parameters.keys()];
      for (const [i, data] of expected.entries()) await expectClose(gradients[i], data, `gradient of ${names[i]}`);
      const state = layer.namedVariables();
      for (const [name, value] of Object.entries(golden.stateAfter ?? {})) {
        await expectClose((state.get(name) as Variable).value, value.data, `${name} after training`);
      }
    });
  });
});
