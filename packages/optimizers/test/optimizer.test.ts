import "@sconce/backend-cpu/register";
import {
  compile,
  explain,
  grad,
  type HostArray,
  isTracing,
  Param,
  scalar,
  setSeed,
  sum,
  type Tensor,
  tensor,
  zeros,
} from "@sconce/core";
import { Linear, Sequential } from "@sconce/layers";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  lamb,
  lion,
  nadam,
  type Optimizer,
  radam,
  rmsprop,
  SGD,
  sgd,
} from "@sconce/optimizers";
import { beforeEach, describe, expect, test } from "vitest";

beforeEach(() => setSeed(0));

const param = (values: number[], name?: string): Param =>
  new Param({ shape: [values.length], dtype: "float32" }, tensor(values), name);
const read = async (p: Param): Promise<number[]> => [...(await p.value.data())];
const near = (found: readonly number[], expected: readonly number[]): void => {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, 5);
  });
};

describe("learning rate", () => {
  test("is an input of a compiled step: changing it takes effect without a new program", async () => {
    const p = param([0]);
    const optimizer: Optimizer = sgd([p], { learningRate: 1 });
    let traces = 0;
    const step = compile((slope: Tensor) => {
      if (isTracing()) traces++;
      optimizer.update([slope]);
      return slope;
    });
    const slope = tensor([-1]);
    await step(slope);
    await step(slope);
    near(await read(p), [2]);
    const before = traces;
    optimizer.learningRate = 0.25;
    expect(optimizer.learningRate).toBe(0.25);
    await step(slope);
    near(await read(p), [2.25]);
    optimizer.learningRate = 0;
    await step(slope);
    near(await read(p), [2.25]);
    expect(traces).toBe(before);
    expect(step.programs()).toHaveLength(1);
  });

  test("of groups changes in proportion", async () => {
    const [a, b, c] = [param([0]), param([0]), param([0])];
    const optimizer = sgd(
      [
        { parameters: [a, b], learningRate: 0.1 },
        { parameters: [c], momentum: 0.5 },
      ],
      { learningRate: 1 },
    );
    expect(optimizer.parameters).toEqual([a, b, c]);
    const slopes = [tensor([1]), tensor([2]), tensor([3])];
    optimizer.update(slopes);
    optimizer.learningRate = 10;
    expect(optimizer.groups.map(({ learningRate }) => learningRate)).toEqual([1, 10]);
    optimizer.update(slopes);
    near([...(await read(a)), ...(await read(b)), ...(await read(c))], [-1.1, -2.2, -3 - 45]);
    optimizer.groups[0].learningRate = 0.5;
    expect(optimizer.groups.map(({ learningRate }) => learningRate)).toEqual([0.5, 10]);
  });

  test("set inside compile is refused with the fix", async () => {
    const optimizer = sgd([param([0])], { learningRate: 1 });
    const step = compile((slope: Tensor) => {
      optimizer.learningRate = 0.5;
      optimizer.update([slope]);
      return slope;
    });
    await expect(step(tensor([1]))).rejects.toThrow(
      /optimizer.learningRate: set inside.*wrong:.*right:.*optimizer\.learningRate = .*await step/s,
    );
    expect(optimizer.learningRate).toBe(1);
  });

  test.each([Number.NaN, -0.1, Number.POSITIVE_INFINITY])("%s is refused", (rate) => {
    const optimizer = sgd([param([0])], { learningRate: 1 });
    expect(() => {
      optimizer.learningRate = rate;
    }).toThrow(/give a finite number of at least 0/);
    expect(() => adam([param([0])], { learningRate: rate })).toThrow(/adam: learningRate is/);
    expect(() => sgd([{ parameters: [param([0])], learningRate: rate }], { learningRate: 1 })).toThrow(
      /learningRate of a group is/,
    );
  });
});

describe("frozen parameters", () => {
  test("keep values and state, and join when they are unfrozen, as if the optimizer began there", async () => {
    const [a, b] = [param([1]), param([1])];
    const optimizer = adam([a, b], { learningRate: 0.1, weightDecay: 0.1 });
    const step = compile((slope: Tensor) => {
      optimizer.update([slope, slope]);
      return slope;
    });
    b.frozen = true;
    for (let i = 0; i < 5; i++) await step(tensor([0.5]));
    expect(await read(b)).toEqual([1]);
    expect((await read(a))[0]).toBeLessThan(0.6);
    expect((await optimizer.stateDict()).step.data).toEqual(new Int32Array([5, 0]));
    b.frozen = false;
    await step(tensor([0.5]));
    // Adam's first step has the size of the learning rate.
    near(await read(b), [0.9]);
    expect((await optimizer.stateDict()).step.data).toEqual(new Int32Array([6, 1]));
    b.frozen = true;
    await step(tensor([0.5]));
    near(await read(b), [0.9]);
    expect(step.programs()).toHaveLength(2);
  });

  test("of a module, while the rest trains", async () => {
    const model = new Sequential(new Linear(2, 2), new Linear(2, 1));
    model[0].freeze();
    const optimizer = sgd(model.parameters(), { learningRate: 0.1, weightDecay: 0.1 });
    const before = await model.stateDict();
    optimizer.update(grad(sum(model.forward(tensor([[1, 2]]))), model.parameters()));
    const after = await model.stateDict();
    expect(after["0.weight"]).toEqual(before["0.weight"]);
    expect(after["1.weight"]).not.toEqual(before["1.weight"]);
  });

  test("may be all there are", () => {
    const p = param([1]);
    p.frozen = true;
    const optimizer = sgd([p], { learningRate: 1 });
    optimizer.update([tensor([1])]);
  });
});

describe("state", () => {
  const model = (): Sequential => new Sequential(new Linear(3, 4), new Linear(4, 2));
  const data = tensor([[1, -1, 0.5]]);
  const train = (net: Sequential, optimizer: Optimizer): (() => Promise<Tensor>) =>
    compile(() => {
      const loss = net.forward(data).square().sum();
      optimizer.update(grad(loss, net.parameters()));
      return loss;
    });

  test.each<[string, (parameters: Param[]) => Optimizer]>([
    ["sgd", (parameters) => sgd(parameters, { learningRate: 0.05, momentum: 0.9, dampening: 0.1 })],
    ["adam", (parameters) => adam(parameters, { learningRate: 0.05 })],
    ["adam with amsgrad", (parameters) => adam(parameters, { learningRate: 0.05, amsgrad: true })],
    ["adamW", (parameters) => adamW(parameters, { learningRate: 0.05 })],
    ["adagrad", (parameters) => adagrad(parameters, { learningRate: 0.05, lrDecay: 0.1, initialAccumulatorValue: 1 })],
    ["adadelta", (parameters) => adadelta(parameters)],
    ["rmsprop", (parameters) => rmsprop(parameters, { learningRate: 0.05, momentum: 0.5, centered: true })],
    ["adamax", (parameters) => adamax(parameters, { learningRate: 0.05 })],
    ["nadam", (parameters) => nadam(parameters, { learningRate: 0.05 })],
    ["radam", (parameters) => radam(parameters, { learningRate: 0.05 })],
    ["lion", (parameters) => lion(parameters, { learningRate: 0.05 })],
    ["lamb", (parameters) => lamb(parameters, { learningRate: 0.05 })],
  ])("of %s continues a run exactly where it was left", async (_, make) => {
    const [first, second] = [model(), model()];
    const optimizer = make(first.parameters());
    const step = train(first, optimizer);
    for (let i = 0; i < 3; i++) await step();
    optimizer.learningRate = 0.03;
    const [weights, state] = [await first.stateDict(), await optimizer.stateDict()];
    for (let i = 0; i < 3; i++) await step();
    second.loadStateDict(weights);
    const resumed = make(second.parameters());
    resumed.loadStateDict(state);
    expect(resumed.learningRate).toBe(0.03);
    expect(await resumed.stateDict()).toEqual(state);
    const again = train(second, resumed);
    for (let i = 0; i < 3; i++) await again();
    expect(await second.stateDict()).toEqual(await first.stateDict());
    expect(await resumed.stateDict()).toEqual(await optimizer.stateDict());
  });

  test("has names that follow the parameters'", async () => {
    const net = model();
    expect(Object.keys(await adam(net.parameters()).stateDict())).toEqual([
      "step",
      "exp_avg.0.weight",
      "exp_avg_sq.0.weight",
      "exp_avg.0.bias",
      "exp_avg_sq.0.bias",
      "exp_avg.1.weight",
      "exp_avg_sq.1.weight",
      "exp_avg.1.bias",
      "exp_avg_sq.1.bias",
      "learning_rate",
    ]);
    expect(Object.keys(await sgd(net.parameters(), { learningRate: 1 }).stateDict())).toEqual([
      "step",
      "learning_rate",
    ]);
  });

  test("of two models tells equal names apart", async () => {
    const [a, b] = [new Linear(1, 1, { bias: false }), new Linear(1, 1, { bias: false })];
    const optimizer = sgd([...a.parameters(), ...b.parameters(), param([1])], { learningRate: 1, momentum: 0.5 });
    expect(Object.keys(await optimizer.stateDict())).toEqual([
      "step",
      "momentum_buffer.weight",
      "momentum_buffer.weight#2",
      "momentum_buffer.2",
      "learning_rate",
    ]);
  });

  test("keeps the common learning rate beside a group whose rate is 0", async () => {
    const groups = (): { parameters: Param[]; learningRate?: number }[] => [
      { parameters: [param([1])], learningRate: 0 },
      { parameters: [param([1])] },
    ];
    const [first, second] = [sgd(groups(), { learningRate: 1 }), sgd(groups(), { learningRate: 1 })];
    first.learningRate = 0.25;
    second.loadStateDict(await first.stateDict());
    expect(second.learningRate).toBe(0.25);
    expect(second.groups.map(({ learningRate }) => learningRate)).toEqual([0, 0.25]);
  });

  test("that does not fit is refused, and nothing changes", async () => {
    const net = model();
    const optimizer = adam(net.parameters(), { learningRate: 0.5 });
    const before = await optimizer.stateDict();
    const wrong: Record<string, HostArray> = {
      ...before,
      "exp_avg.0.bias": before["exp_avg.1.bias"],
      learning_rate: { ...before.learning_rate, data: new Float64Array([0.1]) },
    };
    delete wrong["exp_avg.1.weight"];
    expect(() => optimizer.loadStateDict(wrong)).toThrow(
      /missing: exp_avg\.1\.weight\n.*exp_avg\.0\.bias: shape \[2\] was given, \[4\] is needed/s,
    );
    expect(() =>
      optimizer.loadStateDict({
        ...before,
        learning_rate: { shape: [2], dtype: "float64", data: new Float64Array(2) },
      }),
    ).toThrow(/learning_rate is float64 \[2\]; it must be a host array \[1\]/);
    const { learning_rate: _, ...rest } = before;
    expect(() => optimizer.loadStateDict(rest)).toThrow(/learning_rate is missing/);
    expect(await optimizer.stateDict()).toEqual(before);
  });
});

test("each parameter is updated by one kernel, in place", async () => {
  const parameters = [param([1, 2, 3]), param([4, 5])];
  const cases: [Optimizer, number][] = [
    [adam(parameters, { weightDecay: 0.1 }), 3],
    [sgd(parameters, { learningRate: 1, momentum: 0.9, nesterov: true, weightDecay: 0.1 }), 2],
    [sgd(parameters, { learningRate: 1, momentum: 0.9, dampening: 0.5 }), 2],
    [adam(parameters, { amsgrad: true }), 4],
    [adamW(parameters), 3],
    [adagrad(parameters, { lrDecay: 0.1, weightDecay: 0.1 }), 2],
    [adadelta(parameters), 3],
    [rmsprop(parameters, { momentum: 0.9, centered: true }), 4],
    [adamax(parameters), 3],
    [nadam(parameters, { weightDecay: 0.1, decoupledWeightDecay: true }), 3],
    [radam(parameters), 3],
    [lion(parameters, { weightDecay: 0.1 }), 2],
  ];
  for (const [optimizer, stores] of cases) {
    const step = compile((a: Tensor, b: Tensor) => {
      optimizer.update([a, b]);
      return [];
    });
    await step(tensor([1, 1, 1]), tensor([1, 1]));
    const [program] = step.programs();
    for (const extent of [3, 2]) {
      const writing = program.nodes.filter(({ outputs }) =>
        outputs.some(
          (value) => program.values[value].shape.join() === `${extent}` && program.values[value].home.kind === "output",
        ),
      );
      const update = writing.find(
        ({ outputs }) =>
          outputs.length === stores && outputs.every((value) => program.values[value].home.kind === "output"),
      );
      expect(update, explain(step)).toBeDefined();
      for (const value of update?.outputs ?? [])
        expect(program.values[value].home, explain(step)).toHaveProperty("inPlaceOf");
    }
    // Both updates, and the counts with what follows from them.
    expect(program.nodes, explain(step)).toHaveLength(3);
  }
});

test("lamb has three kernels for a parameter: its moments, both norms, its update", async () => {
  const optimizer = lamb([param([1, 2, 3]), param([4, 5])], { weightDecay: 0.1 });
  const step = compile((a: Tensor, b: Tensor) => {
    optimizer.update([a, b]);
    return [];
  });
  await step(tensor([1, 1, 1]), tensor([1, 1]));
  expect(step.programs()[0].nodes, explain(step)).toHaveLength(1 + 2 * 3);
});

test("lamb moves parameters of zeros, and by zeros, without dividing by zero", async () => {
  const p = param([0, 0]);
  const optimizer = lamb([p], { learningRate: 0.5 });
  optimizer.update([tensor([0, 0])]);
  expect(await read(p)).toEqual([0, 0]);
  optimizer.update([tensor([1, -1])]);
  expect((await read(p)).every((x) => Number.isFinite(x) && x !== 0)).toBe(true);
});

test("radam with a mean too short to rectify is momentum", async () => {
  const p = param([1]);
  const optimizer = radam([p], { learningRate: 0.1, beta1: 0, beta2: 0 });
  for (let i = 0; i < 8; i++) optimizer.update([tensor([0.5])]);
  near(await read(p), [1 - 8 * 0.05]);
});

test("counters of a rule follow groups and frozen parameters", async () => {
  const slope = tensor([0.5]);
  const alone = async (updates: number, beta1: number): Promise<number> => {
    const p = param([1]);
    const optimizer = nadam([p], { learningRate: 0.1, beta1 });
    for (let i = 0; i < updates; i++) optimizer.update([slope]);
    return (await read(p))[0];
  };
  const [a, b, c] = [param([1]), param([1]), param([1])];
  const optimizer = nadam([{ parameters: [a, b] }, { parameters: [c], beta1: 0.5 }], { learningRate: 0.1 });
  b.frozen = true;
  for (let i = 0; i < 2; i++) optimizer.update([slope, slope, slope]);
  b.frozen = false;
  c.frozen = true;
  optimizer.update([slope, slope, slope]);
  near(
    [...(await read(a)), ...(await read(b)), ...(await read(c))],
    [await alone(3, 0.9), await alone(1, 0.9), await alone(2, 0.5)],
  );
});

test("parameters in half precision keep their moments in float32", async () => {
  const p = new Param({ shape: [1], dtype: "float16" }, tensor([1], { dtype: "float16" }));
  const optimizer = adam([p], { learningRate: 0.25 });
  optimizer.update([tensor([1e-4], { dtype: "float16" })]);
  expect((await read(p))[0]).toBeCloseTo(0.75, 3);
  expect((await optimizer.stateDict())["exp_avg_sq.0"]).toMatchObject({ dtype: "float32" });
});

test("works without compile, on tensors still to be computed", async () => {
  const p = param([1]);
  const optimizer = new SGD([p], { learningRate: 0.5 });
  for (let i = 0; i < 3; i++) optimizer.update(grad(sum(p.value.square()), [p]));
  expect(await read(p)).toEqual([0]);
});

describe("errors", () => {
  const p = (): Param => param([1, 2], "layer.weight");

  test("of update name the parameter, the shapes and the call", () => {
    const optimizer = sgd([p(), param([1])], { learningRate: 1 });
    expect(() => optimizer.update([zeros([2])])).toThrow(
      /sgd\.update: 1 gradients for 2 parameters.*optimizer\.update\(grad\(loss, model\.parameters\(\)\)\)/,
    );
    expect(() => optimizer.update([zeros([1]), zeros([2])])).toThrow(
      /gradient 0 is shape \[1\] for Param\(layer\.weight, float32 \[2\]\)/,
    );
    expect(() => optimizer.update(scalar(1) as never)).toThrow(/no list of gradients/);
    expect(() => optimizer.update([undefined, undefined] as never)).toThrow(
      /gradient 0 is undefined for Param\(layer\.weight/,
    );
  });

  test("of construction say what was wrong", () => {
    const shared = p();
    expect(() => sgd([], { learningRate: 1 })).toThrow(/list of parameters is empty/);
    expect(() => sgd([shared, shared], { learningRate: 1 })).toThrow(/Param\(layer\.weight.* is listed twice/);
    expect(() => sgd([zeros([1])] as never, { learningRate: 1 })).toThrow(
      /a group has no list of parameters|give Params/,
    );
    expect(() => sgd([shared, { parameters: [p()] }] as never, { learningRate: 1 })).toThrow(
      /mixes parameters and groups/,
    );
    expect(() => sgd([shared], { learningRate: 1, nesterov: true })).toThrow(/nesterov with momentum 0/);
    expect(() => sgd([shared], { learningRate: 1, momentum: -1 })).toThrow(/momentum is -1/);
    expect(() => sgd([{ parameters: [shared], weightDecay: Number.NaN }], { learningRate: 1 })).toThrow(
      /weightDecay is NaN/,
    );
    expect(() => sgd([{ parameters: [shared], learningRate: 1 }], { learningRate: 0 })).toThrow(
      /give the optimizer a rate above 0/,
    );
    expect(() => adam([shared], { beta1: 1 })).toThrow(/beta1 is 1; give a number of at least 0 and below 1/);
    expect(() => adam([shared], { epsilon: -1 })).toThrow(/epsilon is -1/);
    expect(() => adamW([shared], { weightDecay: -1 })).toThrow(/adamW: weightDecay is -1/);
    expect(() => adagrad([shared], { lrDecay: -1 })).toThrow(/adagrad: lrDecay is -1/);
    expect(() => adadelta([shared], { rho: 1 })).toThrow(/adadelta: rho is 1/);
    expect(() => rmsprop([shared], { alpha: 2 })).toThrow(/rmsprop: alpha is 2/);
    expect(() => adamax([shared], { beta2: 1 })).toThrow(/adamax: beta2 is 1/);
    expect(() => nadam([shared], { momentumDecay: -1 })).toThrow(/nadam: momentumDecay is -1/);
    expect(() => radam([shared], { beta1: -1 })).toThrow(/radam: beta1 is -1/);
    expect(() => lion([shared], { beta2: 1 })).toThrow(/lion: beta2 is 1/);
    expect(() => lamb([shared], { epsilon: -1 })).toThrow(/lamb: epsilon is -1/);
  });
});
