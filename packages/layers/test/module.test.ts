import "@sconce/backend-cpu/register";
import { compile, Param, Stat, scalar, setSeed, type Tensor, tensor, zeros } from "@sconce/core";
import { BatchNorm2d, Conv2d, Dropout, Linear, Module, ReLU, Sequential } from "@sconce/layers";
import { beforeEach, describe, expect, test } from "vitest";
import { ResidualNet } from "./residual-net.ts";

beforeEach(() => setSeed(0));

/** A module that only holds other things. */
class Holder extends Module {
  constructor(fields: object) {
    super();
    Object.assign(this, fields);
  }

  override forward(x: Tensor): Tensor {
    return x;
  }
}

const values = async (param: Param | undefined): Promise<number[]> => [...(await (param as Param).value.data())];

describe("names", () => {
  test("follow property paths in snake case, as in torchvision", () => {
    const names = [...new ResidualNet().namedVariables().keys()];
    const block = (path: string): string[] =>
      ["conv1", "bn1", "conv2", "bn2"].flatMap((layer) => {
        const own = layer.startsWith("conv")
          ? ["weight"]
          : ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
        return own.map((name) => `${path}.${layer}.${name}`);
      });
    const norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
    expect(names).toEqual([
      "conv1.weight",
      ...norm.map((name) => `bn1.${name}`),
      ...block("layer1.0"),
      ...block("layer1.1"),
      ...block("layer2.0"),
      "layer2.0.downsample.0.weight",
      ...norm.map((name) => `layer2.0.downsample.1.${name}`),
      "fc.weight",
      "fc.bias",
    ]);
  });

  test("are given by the outermost forward, and seen on the variables", () => {
    const model = new ResidualNet();
    expect(model.layer1[0].namedModules().size).toBeGreaterThan(1);
    model.forward(zeros([2, 3, 8, 8]));
    expect(model.fc.weight.name).toBe("fc.weight");
    expect(model.bn1.runningVar?.name).toBe("bn1.running_var");
    model.fc.forward(zeros([2, 8]));
    expect(model.fc.weight.name, "a part called later does not shorten them").toBe("fc.weight");
  });

  test("grow when a part was asked first", () => {
    const model = new ResidualNet();
    model.fc.parameters();
    expect(model.fc.weight.name).toBe("weight");
    model.parameters();
    expect(model.fc.weight.name).toBe("fc.weight");
  });

  test("reach through arrays and plain objects, in the order of fields", () => {
    const param = (): Param => new Param({ shape: [1], dtype: "float32" }, zeros([1]));
    const model = new Holder({
      scalesOfX: [param(), [param()]],
      heads: { boxHead: new Linear(1, 1, { bias: false }) },
      other: 3,
      text: "a",
      none: undefined,
    });
    expect([...model.namedParameters().keys()]).toEqual(["scales_of_x.0", "scales_of_x.1.0", "heads.box_head.weight"]);
  });

  test("keep the spelling of fields that are no camel case", () => {
    const layer = (): Linear => new Linear(1, 1, { bias: false });
    const model = new Holder({ Mixed_5b: layer(), AuxLogits: layer(), weightIH: layer(), _convStem: layer() });
    const names = ["Mixed_5b", "AuxLogits", "weight_ih", "_convStem"].map((name) => `${name}.weight`);
    expect([...model.namedParameters().keys()]).toEqual(names);
  });

  test("of shared parameters and modules are the first, and cycles end", () => {
    const layer = new Linear(2, 2);
    const model = new Holder({ first: layer, second: layer, tied: layer.weight });
    Object.assign(model, { self: model });
    expect([...model.namedParameters().keys()]).toEqual(["first.weight", "first.bias"]);
    expect([...model.namedModules().keys()]).toEqual(["", "first"]);
    expect(model.modules()).toEqual([model, layer]);
  });

  test("that collide, or that a Map hides, are errors", () => {
    const collide = new Holder({ runningMean: new Linear(1, 1), running_mean: new Linear(1, 1) });
    expect(() => collide.parameters()).toThrow(/both named running_mean.weight.*rename/s);
    expect(() => new Holder({ heads: new Map([["a", new ReLU()]]) }).parameters()).toThrow(/heads: a Map.*right:/s);
  });

  test("need a forward method", () => {
    class Arrow extends Module {
      override forward = (x: Tensor): Tensor => x;
    }
    expect(() => new Arrow()).toThrow(/Arrow: forward is no method.*wrong:.*right:/s);
  });
});

test("kinds of variables are told apart", () => {
  const model = new Sequential(new Conv2d(1, 2, { kernelSize: 1 }), new BatchNorm2d(2), new Dropout(0.5));
  expect(model.parameters().map(({ name }) => name)).toEqual(["0.weight", "0.bias", "1.weight", "1.bias"]);
  expect(model.stats().map(({ name }) => name)).toEqual(["1.running_mean", "1.running_var", "1.num_batches_tracked"]);
  expect(model.variables().map(({ name }) => name)).toContain("2.generator");
  expect(model.children()).toEqual([model[0], model[1], model[2]]);
});

describe("initial values", () => {
  test("follow the seed and the path alone", async () => {
    const small = new Holder({ body: new Linear(3, 4), head: new Linear(4, 2) });
    const large = new Holder({
      extra: new Linear(3, 3),
      body: new Linear(3, 4),
      dropout: new Dropout(),
      head: new Linear(4, 2),
    });
    const [a, b] = [small.namedParameters(), large.namedParameters()];
    for (const name of a.keys()) expect(await values(a.get(name)), name).toEqual(await values(b.get(name)));
    expect(await values(a.get("body.weight"))).not.toEqual(await values(b.get("extra.weight")));
  });

  test("change with the seed at construction", async () => {
    const make = async (seed: number): Promise<number[]> => {
      setSeed(seed);
      const model = new Linear(3, 4);
      setSeed(99);
      return values(model.weight);
    };
    expect(await make(1)).toEqual(await make(1));
    expect(await make(1)).not.toEqual(await make(2));
  });

  test("do not depend on who first needs them, inside compile or outside", async () => {
    const [eager, captured] = [new Linear(3, 4), new Linear(3, 4)];
    const x = tensor([[1, 2, 3]]);
    await eager.forward(x).data();
    await compile((input: Tensor) => captured.forward(input))(x);
    expect(await values(captured.weight)).toEqual(await values(eager.weight));
  });

  test("of a bare layer are those of a model that it is", async () => {
    const layer = new Linear(3, 4);
    const first = await values(layer.weight);
    expect(layer.weight.name).toBe("weight");
    expect(first).toEqual(await values(new Linear(3, 4).namedParameters().get("weight")));
  });
});

test("freezing marks parameters, and is separate from the mode", () => {
  const model = new ResidualNet();
  model.freeze();
  model.fc.unfreeze();
  expect(
    model
      .parameters()
      .filter(({ frozen }) => !frozen)
      .map(({ name }) => name),
  ).toEqual(["fc.weight", "fc.bias"]);
  expect(model.parameters()).toHaveLength(26);
});

test("freezing inside compile is refused", async () => {
  const model = new Linear(1, 1);
  const step = compile((x: Tensor) => model.freeze().forward(x));
  await expect(step(scalar(1).reshape([1, 1]))).rejects.toThrow(/weight.*frozen is set inside.*wrong:.*right:/s);
});

test("a module replaced in a Sequential takes its index", () => {
  const model = new Sequential(new Linear(2, 2), new ReLU(), new Linear(2, 10));
  model[2] = new Linear(2, 3);
  expect(model).toHaveLength(3);
  expect(model.forward(zeros([1, 2])).shape).toEqual([1, 3]);
  expect(() => new Sequential((() => 0) as never)).toThrow(/argument 0.*not a module/);
});

test("a forward that throws leaves the next one outermost", () => {
  const broken = new Sequential(new Linear(2, 2));
  expect(() => broken.forward(zeros([1, 3]))).toThrow(/its last axis must have the 2 inputs of Param\(0.weight/);
  const next = new Linear(2, 2);
  next.forward(zeros([1, 2]));
  expect(next.weight.name).toBe("weight");
});

test("subclasses may extend another's forward", async () => {
  class Doubled extends Linear {
    override forward(x: Tensor): Tensor {
      return super.forward(x).mul(2);
    }
  }
  const layer = new Doubled(1, 1, { weightInitializer: (shape) => zeros(shape).add(3), bias: false });
  expect(await layer.forward(tensor([[5]])).data()).toEqual(new Float32Array([30]));
});

test("a Stat of a user's own is in the state, not among the parameters", () => {
  const model = new Holder({ seen: new Stat({ shape: [], dtype: "int32" }, zeros([], "int32")) });
  expect(model.parameters()).toEqual([]);
  expect(model.stats()).toHaveLength(1);
});
