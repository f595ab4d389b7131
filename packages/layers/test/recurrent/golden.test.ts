/** Recurrent layers and cells against PyTorch (tools/parity/recurrent.py). */
import { readFileSync } from "node:fs";
import "@sconce/backend-cpu/register";
import { compile, grad, type Tensor, tensor } from "@sconce/core";
import { GRU, GRUCell, LSTM, LSTMCell, type Module, RNN, RNNCell, type RNNOptions } from "@sconce/layers";
import { describe, expect, test } from "vitest";
import { expectClose, fromGolden, type GoldenTensor, weightedSum } from "../golden-values.ts";

interface Case {
  readonly kind: keyof typeof layers;
  readonly options: RNNOptions;
  readonly lengths: readonly number[] | null;
  readonly parameters: Readonly<Record<string, GoldenTensor>>;
  readonly inputs: readonly GoldenTensor[];
  readonly outputs: readonly GoldenTensor[];
  readonly gradients: readonly GoldenTensor["data"][];
}

const layers = { RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell };
const cases: Case[] = JSON.parse(readFileSync(new URL("../golden/recurrent.json", import.meta.url), "utf8"));

/** All results of a layer or cell, in PyTorch's order. */
function results(layer: Module, { kind, lengths }: Case, [x, h, c]: readonly Tensor[]): Tensor[] {
  const state = h && kind.startsWith("LSTM") ? { hidden: h, cell: c } : h;
  const given = kind.endsWith("Cell")
    ? state
    : { state, lengths: lengths ? tensor(lengths, { dtype: "int32" }) : undefined };
  const result = (layer.forward as (x: Tensor, given: unknown) => unknown)(x, given);
  const flatten = (value: unknown): Tensor[] =>
    "op" in (value as object) ? [value as Tensor] : Object.values(value as object).flatMap(flatten);
  return flatten(result);
}

describe.each(cases)("$kind $options, lengths $lengths", (golden) => {
  const { kind, options, parameters, inputs, outputs, gradients } = golden;
  const layer = new layers[kind](inputs[0].shape.at(-1)!, Object.values(parameters)[1].shape[1], options);
  layer.loadStateDict(Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, fromGolden(value)])));

  test("has PyTorch's parameters in PyTorch's order", () => {
    expect([...layer.namedParameters().keys()]).toEqual(Object.keys(parameters));
  });

  test.each([false, true])("gives PyTorch's results and gradients, captured: %s", async (captured) => {
    const both = (...given: Tensor[]): Tensor[] => {
      const found = results(layer, golden, given);
      return [...found, ...grad(weightedSum(found), [...given, ...layer.parameters()])];
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
});
