/** Attention against PyTorch (tools/parity/attention.py). */
import { readFileSync } from "node:fs";
import "@sconce/backend-cpu/register";
import { compile, grad, Tensor } from "@sconce/core";
import {
  AdditiveAttention,
  DotProductAttention,
  GeneralAttention,
  type Module,
  MultiheadAttention,
  scaledDotProductAttention,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from "@sconce/layers";
import { describe, expect, test } from "vitest";
import { expectClose, fromGolden, type GoldenTensor, weightedSum } from "../golden-values.ts";

const layers = {
  AdditiveAttention,
  DotProductAttention,
  GeneralAttention,
  MultiheadAttention,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
};

interface Case {
  readonly target: keyof typeof layers | "scaledDotProductAttention";
  readonly arguments: readonly number[];
  readonly options: object;
  readonly parameters: Readonly<Record<string, GoldenTensor>>;
  readonly inputs: readonly GoldenTensor[];
  readonly masks: Readonly<Record<string, GoldenTensor | boolean | number>>;
  readonly outputs: readonly GoldenTensor[];
  readonly gradients: readonly GoldenTensor["data"][];
}

const cases: Case[] = JSON.parse(readFileSync(new URL("../golden/attention.json", import.meta.url), "utf8"));

type Call = (...given: unknown[]) => Tensor | Readonly<Record<string, Tensor>>;

describe.each(cases.map((each) => ({ ...each, given: Object.keys(each.masks).join(" and ") || "nothing else" })))(
  "$target $options with $given",
  ({ target, arguments: widths, options, parameters, inputs, masks, outputs, gradients }) => {
    const layer =
      target === "scaledDotProductAttention"
        ? undefined
        : new (layers[target] as unknown as new (...given: unknown[]) => Module)(...widths, options);
    layer?.loadStateDict(
      Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, fromGolden(value)])),
    );
    const forward = (layer ? layer.forward : scaledDotProductAttention) as Call;
    const last = Object.fromEntries(
      Object.entries(masks).map(([name, mask]) => [name, typeof mask === "object" ? fromGolden(mask) : mask]),
    );
    // What a layer takes between the inputs and the options has defaults.
    const between = target === "MultiheadAttention" && inputs.length === 1 ? [undefined, undefined] : [];

    test("has PyTorch's parameters", () => {
      expect([...(layer?.namedParameters().keys() ?? [])].sort()).toEqual(Object.keys(parameters).sort());
    });

    test.each([false, true])("gives PyTorch's results and gradients, captured: %s", async (captured) => {
      const both = (...given: Tensor[]): Tensor[] => {
        const result = forward(...given, ...between, last);
        const found = result instanceof Tensor ? [result] : Object.values(result);
        const params = layer?.namedParameters() ?? new Map();
        const wanted = [...given, ...Object.keys(parameters).map((name) => params.get(name))];
        return [...found, ...grad(weightedSum(found), wanted)];
      };
      const found = await (captured ? compile(both) : both)(...inputs.map(fromGolden));
      for (const [i, output] of outputs.entries()) {
        expect(found[i].shape).toEqual(output.shape);
        await expectClose(found[i], output.data, `output ${i}`);
      }
      const names = [...inputs.keys(), ...Object.keys(parameters)];
      for (const [i, gradient] of gradients.entries()) {
        await expectClose(found[outputs.length + i], gradient, `gradient of ${names[i]}`);
      }
    });
  },
);
