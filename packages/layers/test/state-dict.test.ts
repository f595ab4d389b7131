import "@sconce/backend-cpu/register";
import {
  compile,
  type HostArray,
  Param,
  RandomState,
  setSeed,
  type Tensor,
  tensor,
  training,
  zeros,
} from "@sconce/core";
import { BatchNorm2d, Linear, Module, Sequential } from "@sconce/layers";
import { beforeEach, expect, test } from "vitest";
import { ResidualNet } from "./residual-net.ts";

beforeEach(() => setSeed(0));

const images = (): Tensor =>
  tensor(
    Float32Array.from({ length: 2 * 3 * 64 }, (_, i) => Math.sin(i)),
    { shape: [2, 3, 8, 8] },
  );

test("a round trip through the record gives the same model", async () => {
  const source = new ResidualNet();
  training(() => source.forward(images()));
  const record = await source.stateDict();
  expect(record["layer1.0.bn1.num_batches_tracked"]).toEqual({ shape: [], dtype: "int32", data: new Int32Array([1]) });
  expect(Object.keys(record)).toHaveLength(source.variables().length);
  setSeed(1);
  const target = new ResidualNet();
  expect(await target.forward(images()).data()).not.toEqual(await source.forward(images()).data());
  expect(target.loadStateDict(record)).toEqual({ missing: [], unexpected: [] });
  expect(await target.forward(images()).data()).toEqual(await source.forward(images()).data());
  expect(await target.stateDict()).toEqual(record);
});

test("a compiled function follows a load", async () => {
  const model = new Linear(2, 1, { bias: false });
  const predict = compile((x: Tensor) => model.forward(x));
  await predict(tensor([[1, 1]]));
  model.loadStateDict({ weight: tensor([[3, 4]]) });
  expect(await (await predict(tensor([[1, 1]]))).item()).toBe(7);
});

test("what was read does not change with later assignments", async () => {
  const model = new Linear(1, 1, { bias: false });
  model.loadStateDict({ weight: tensor([[1]]) });
  const step = compile(() => {
    model.weight.assign(model.weight.value.add(1));
    return model.weight.value;
  });
  await step();
  const reading = model.stateDict();
  await step();
  expect((await reading).weight.data).toEqual(new Float32Array([2]));
  expect((await model.stateDict()).weight.data).toEqual(new Float32Array([3]));
});

test("a model takes the tensors of another, and owns its values", async () => {
  const [source, target] = [new Linear(2, 2), new Linear(2, 2)];
  await source.stateDict();
  target.loadStateDict(Object.fromEntries([...source.namedParameters()].map(([name, param]) => [name, param.value])));
  source.loadStateDict({ weight: zeros([2, 2]), bias: zeros([2]) });
  expect(await source.weight.value.data()).toEqual(new Float32Array(4));
  expect(await target.weight.value.data()).not.toEqual(new Float32Array(4));
});

test("missing, unexpected and mismatched names are named, and nothing is changed", async () => {
  const model = new Sequential(new Linear(2, 2), new BatchNorm2d(2));
  const before = await model.stateDict();
  const { "0.bias": _, ...wrong } = before as Record<string, HostArray>;
  wrong.extra = before["0.bias"];
  wrong["0.weight"] = { shape: [4], dtype: "float32", data: new Float32Array(4) };
  wrong["1.running_mean"] = { shape: [2], dtype: "int32", data: new Int32Array(2) };
  wrong["1.weight"] = { shape: [2], dtype: "float32", data: new Float32Array([5, 5]) };
  expect(() => model.loadStateDict(wrong)).toThrow(
    /nothing was changed.*missing: 0\.bias\n.*unexpected: extra\n.*0\.weight: shape \[4\] was given, \[2, 2\] is needed\n.*1\.running_mean: int32 was given, float32 is needed/s,
  );
  expect(() => model.loadStateDict(wrong, { strict: false })).toThrow(/0\.weight: shape/);
  expect(await model.stateDict()).toEqual(before);
});

test("a load that is not strict reports what it passed over", async () => {
  const model = new Linear(1, 1);
  expect(model.loadStateDict({ weight: tensor([[2]]), head: tensor([1]) }, { strict: false })).toEqual({
    missing: ["bias"],
    unexpected: ["head"],
  });
  expect(await model.weight.value.item()).toBe(2);
});

test("floats are converted to the variable's type", async () => {
  const model = new Linear(1, 2, { bias: false });
  model.loadStateDict({ weight: { shape: [2, 1], dtype: "float16", data: new Uint16Array([0x3c00, 0xc000]) } });
  expect(await model.weight.value.data()).toEqual(new Float32Array([1, -2]));
});

test("a tied variable has each of its names, and needs a value under one", async () => {
  class Tied extends Module {
    encoder = new Linear(2, 2, { bias: false });
    decoder = new Linear(2, 2, { bias: false });

    constructor() {
      super();
      this.decoder = this.encoder;
    }

    override forward(x: Tensor): Tensor {
      return this.decoder.forward(this.encoder.forward(x));
    }
  }
  const model = new Tied();
  expect(Object.keys(await model.stateDict())).toEqual(["encoder.weight", "decoder.weight"]);
  expect(model.loadStateDict({ "encoder.weight": zeros([2, 2]) })).toEqual({ missing: [], unexpected: [] });
});

test("generators are no part of it", async () => {
  class Random extends Module {
    state = new RandomState(1);
    scale = new Param({ shape: [], dtype: "float32" }, zeros([]));
    override forward(x: Tensor): Tensor {
      return x;
    }
  }
  expect(Object.keys(await new Random().stateDict())).toEqual(["scale"]);
});

test("loading inside compile is refused", async () => {
  const model = new Linear(1, 1);
  const step = compile((x: Tensor) => {
    model.loadStateDict({});
    return model.forward(x);
  });
  await expect(step(zeros([1, 1]))).rejects.toThrow(/loadStateDict: called inside.*wrong:.*right:/s);
});
