import "@sconce/backend-cpu/register";
import { compile, grad, ones, type Tensor, training, zeros } from "@sconce/core";
import {
  Bilinear,
  Conv2d,
  capture,
  Embedding,
  Linear,
  Maxout,
  Module,
  ReLU,
  Sequential,
  summary,
} from "@sconce/layers";
import { describe, expect, test } from "vitest";
import { ResidualNet } from "../residual-net.ts";

describe("summary", () => {
  test("tells shapes, parameters and multiply-adds of each layer, without computing", () => {
    const model = new Sequential(
      new Conv2d(3, 8, { kernelSize: 3, padding: 1 }),
      new ReLU(),
      new Linear(10, 4, { bias: false }),
    );
    const found = summary(model, [2, 3, 10, 10]);
    expect(found.rows).toEqual([
      { name: "0", layer: "Conv2d", outputShapes: [[2, 8, 10, 10]], parameters: 224, multiplyAdds: 2 * 8 * 100 * 27 },
      { name: "1", layer: "ReLU", outputShapes: [[2, 8, 10, 10]], parameters: 0, multiplyAdds: 0 },
      { name: "2", layer: "Linear", outputShapes: [[2, 8, 10, 4]], parameters: 40, multiplyAdds: 2 * 8 * 10 * 40 },
    ]);
    expect(found.parameters).toBe(264);
    expect(found.multiplyAdds).toBe(43200 + 6400);
  });

  test("prints a table with totals", () => {
    const model = new Sequential(new Linear(1000, 1000));
    model[0].freeze();
    expect(String(summary(model, [1, 1000]))).toMatchInlineSnapshot(`
      "name   layer     output  parameters  multiply-adds
      ----  ------  ---------  ----------  -------------
      0     Linear  [1, 1000]   1,001,000      1,000,000
      parameters: 1,001,000 (1,001,000 of them frozen)
      multiply-adds: 1,000,000"
    `);
  });

  test("counts what is shared once, and what is called twice twice", () => {
    const layer = new Linear(4, 4);
    const found = summary(new Sequential(layer, layer), [1, 4]);
    expect(found.rows).toHaveLength(1);
    expect(found.parameters).toBe(20);
    expect(found.multiplyAdds).toBe(32);
  });

  test("knows parts of parts, inputs of any type, and several inputs", () => {
    const net = new ResidualNet();
    const found = summary(net, [1, 3, 8, 8]);
    expect(found.parameters).toBe(
      net.parameters().reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    );
    expect(found.rows.reduce((sum, row) => sum + row.parameters, 0)).toBe(found.parameters);
    expect(found.rows.map(({ name }) => name)).toContain("layer1.0.conv1");
    expect(summary(new Embedding(10, 3), [2, 5], { dtype: "int32" }).rows[0].outputShapes).toEqual([[2, 5, 3]]);
    expect(
      summary(new Bilinear(2, 3, 4), [
        [5, 2],
        [5, 3],
      ]).multiplyAdds,
    ).toBe(5 * 3 * 8);
    expect(summary(new Maxout(4, 2, 3), [1, 4]).rows.map(({ name }) => name)).toEqual(["linear"]);
  });

  test("leaves the model's statistics and generators alone", async () => {
    const net = new ResidualNet();
    const before = await net.stateDict();
    training(() => summary(net, [1, 3, 8, 8]));
    expect(await net.stateDict()).toEqual(before);
  });
});

describe("capture", () => {
  test("gives activations, and gradients with respect to them", async () => {
    const model = new Sequential(new Linear(2, 3), new ReLU(), new Linear(3, 1, { bias: false }));
    const { result, activations } = capture(model, ["0", "1"], () => model.forward(ones([1, 2])));
    const slope = await grad(result.sum(), activations[1]).data();
    const { "2.weight": weight } = await model.stateDict();
    expect(slope).toEqual(weight.data);
    expect(await activations[1].data()).toEqual((await activations[0].data()).map((value) => Math.max(0, value)));
  });

  test("works inside compile", async () => {
    const model = new Sequential(new Linear(2, 3), new ReLU());
    const hidden = compile((x: Tensor) => capture(model, ["0"], () => model.forward(x)).activations[0]);
    expect(await (await hidden(ones([1, 2]))).data()).toEqual(await model[0].forward(ones([1, 2])).data());
  });

  test("ends with the function, whether it returns or throws", () => {
    const model = new Sequential(new Linear(2, 3));
    expect(() => capture(model, ["0"], () => model.forward(zeros([1, 5])))).toThrow(/its last axis/);
    const { activations } = capture(model, ["0"], () => model.forward(zeros([1, 2])));
    const first = activations[0];
    model.forward(ones([1, 2]));
    expect(activations[0]).toBe(first);
  });

  test("names what is missing", () => {
    class Pair extends Module {
      layer = new Linear(1, 1);
      override forward(x: Tensor): { y: Tensor } {
        return { y: x };
      }
    }
    const model = new Pair();
    expect(() => capture(model, ["head"], () => 0)).toThrow("no module named head; it has layer.");
    expect(() => capture(model, ["layer"], () => model.forward(zeros([1, 1])))).toThrow("layer did not run");
    expect(() => capture(model, [""], () => model.forward(zeros([1, 1])))).toThrow("returns no tensor");
  });
});
