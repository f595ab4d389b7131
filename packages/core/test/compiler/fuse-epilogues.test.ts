/**
 * Which nests become epilogues of which claims. Here the merged kernels are put together from those of the cpu backend:
 * the claim, then a nest that reads each operand as its kind says, so that a wrong kind gives a wrong result.
 */
import { type CpuBuffer, openCpu } from "@sconce/backend-cpu";
import "@sconce/backend-cpu/register";
import {
  add,
  type Backend,
  compile,
  conv2d,
  fuseEpilogues,
  grad,
  inference,
  type Kernel,
  type LoopNest,
  matmul,
  type NestEpilogue,
  type OpRequest,
  Param,
  type Program,
  relu,
  sizeOf,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import { resnet18 } from "@sconce/models";
import fc from "fast-check";
import { expect, it } from "vitest";

const plain = openCpu();

const fusing: Backend<CpuBuffer> = {
  ...plain,
  claim: (request) => (request.epilogue ? joined(request, request.epilogue as NestEpilogue) : plain.claim?.(request)),
  optimize: fuseEpilogues,
};

function joined(request: OpRequest, { operands, instructions, value }: NestEpilogue): Kernel<CpuBuffer> {
  const { shape } = request.output;
  const [rows, columns] =
    request.op === "matmul" ? [shape.at(-2) ?? 1, shape.at(-1) ?? 1] : [shape[1], sizeOf(shape.slice(2))];
  const strides = { element: [rows * columns, columns, 1], row: [0, 1, 0], column: [0, 0, 1] };
  const nest: LoopNest = {
    shape: [sizeOf(shape) / (rows * columns), rows, columns],
    inputs: ["float32", ...operands.map(() => "float32" as const)],
    body: instructions.map((instruction) => {
      if (instruction.kind !== "load") return instruction;
      const kind = instruction.input === 0 ? "element" : operands[instruction.input - 1];
      return { ...instruction, access: { kind: "affine", offset: 0, strides: strides[kind] } };
    }),
    epilogue: [],
    stores: [{ value, dtype: "float32" }],
  };
  const [first, second] = [plain.claim?.(request), plain.compile(nest)] as Kernel<CpuBuffer>[];
  return {
    run: (inputs, outputs) => {
      const between = plain.allocate(4 * sizeOf(shape));
      first.run(inputs.slice(0, 2), [between]);
      second.run([between, ...inputs.slice(2)], outputs);
    },
  };
}

/** Given anew to each backend. */
function wave(shape: readonly number[], phase = 0): Tensor {
  return tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.7 * i + phase))).reshape(shape);
}

async function run(backend: Backend<CpuBuffer>, fn: () => Tensor): Promise<{ program: Program; values: Float32Array }> {
  return withBackend(backend as unknown as Backend, async () => {
    const step = compile(fn);
    const result = await step();
    return { program: step.programs()[0], values: (await result.data()) as Float32Array };
  });
}

/** The program after fusion, having checked that it computes the same. */
async function fused(fn: () => Tensor): Promise<Program> {
  const [expected, found] = [await run(plain, fn), await run(fusing, fn)];
  expect(found.values).toEqual(expected.values);
  return found.program;
}

it("makes one kernel of a linear layer with bias and activation, whatever its shape", async () => {
  const extent = fc.integer({ min: 1, max: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(extent, { maxLength: 2 }), extent, extent, extent, async (batch, m, k, n) => {
      const { nodes } = await fused(() =>
        relu(matmul(wave([...batch, m, k]), wave([...batch, k, n])).add(wave([n], 2))),
      );
      expect(nodes.filter(({ work }) => work.kind === "claim")).toHaveLength(1);
      expect(nodes.at(-1)?.name).toMatch(/^matmul\+/);
    }),
    { numRuns: 40 },
  );
});

it("knows operands per row, per column and per element apart", async () => {
  const extent = fc.integer({ min: 1, max: 4 });
  await fc.assert(
    fc.asyncProperty(extent, extent, extent, fc.integer({ min: 0, max: 63 }), async (batch, rows, columns, which) => {
      const operands = [0, 1, 2, 3, 4, 5]
        .filter((bit) => which & (1 << bit))
        .map((bit) => [batch, rows, columns].map((n, axis) => ([7, 2, 1, 5, 6, 3][bit] & (1 << axis) ? n : 1)));
      const shown = (): Tensor =>
        operands.reduce(
          (sum, shape, i) => sum.mul(2).add(wave(shape, i)),
          matmul(wave([batch, rows, 3]), wave([3, columns])).reshape([batch, rows, columns]),
        );
      await fused(shown);
    }),
    { numRuns: 60 },
  );
});

it("makes one kernel of a convolution, its normalization, a residual sum and an activation", async () => {
  const { nodes } = await fused(() => {
    const y = conv2d(wave([2, 3, 5, 4]), wave([6, 3, 3, 3]), { padding: 1 });
    const perChannel = (phase: number): Tensor => wave([6, 1, 1], phase);
    return relu(
      y
        .mul(perChannel(1))
        .add(perChannel(2))
        .add(wave([2, 6, 5, 4], 3)),
    );
  });
  expect(nodes).toHaveLength(1);
});

it("makes a rectifier's mask part of the gradient that reaches it", async () => {
  const { nodes } = await fused(() => {
    const first = wave([4, 3, 3, 3], 1);
    const y = conv2d(relu(conv2d(wave([2, 3, 7, 6]), first)), wave([5, 4, 3, 3], 2));
    return grad(y.square().sum(), first);
  });
  expect(nodes.filter(({ name }) => name.startsWith("convolutionInputGradient+"))).toHaveLength(1);
});

it("leaves a result alone that something else reads, too", async () => {
  const { nodes } = await fused(() => {
    const y = matmul(wave([4, 3]), wave([3, 5]));
    return relu(y)
      .sum({ axes: 1 })
      .add(y.slice([{}, { end: 1 }]).reshape([4]));
  });
  expect(nodes.map(({ name }) => name)).toContain("matmul");
});

it("runs the merged kernel once all that it reads is there", async () => {
  const { nodes } = await fused(() => {
    const [a, b] = [matmul(wave([4, 3]), wave([3, 5])), matmul(wave([4, 2], 1), wave([2, 5], 1))];
    return relu(add(a, b));
  });
  expect(nodes.map(({ name }) => name.split("+")[0])).toEqual(["matmul", "matmul"]);
  expect(nodes[1].inputs).toContain(nodes[0].outputs[0]);
});

it("does not read positions or other elements in an epilogue", async () => {
  const { nodes } = await fused(() =>
    matmul(wave([4, 3]), wave([3, 4]))
      .transpose()
      .add(1),
  );
  expect(nodes).toHaveLength(2);
});

it("leaves the update of a variable to a nest, which can do it in place", async () => {
  await withBackend(fusing as unknown as Backend, async () => {
    const weight = new Param({ shape: [3, 4], dtype: "float32" }, wave([3, 4]));
    const step = compile((x: Tensor) => {
      weight.assign(weight.value.sub(matmul(x, x, { transposeA: true }).slice([{ end: 3 }, {}])));
      weight.assign(weight.value.sub(matmul(x.slice([{}, { end: 3 }]), x, { transposeA: true })));
      return x.sum();
    });
    await step(wave([5, 4]));
    for (const { name } of step.programs()[0].nodes) expect(name).not.toMatch(/matmul\+/);
  });
});

it("takes most elementwise kernels of ResNet-18 into its convolutions", async () => {
  const program = async (backend: Backend<CpuBuffer>): Promise<Program> => {
    const model = resnet18({ numClasses: 10, stem: "cifar" });
    return (await run(backend, () => inference(() => model.forward(wave([1, 3, 8, 8]))))).program;
  };
  const [before, after] = [await program(plain), await program(fusing)];
  const wholes = (p: Program): number => p.nodes.filter(({ work }) => work.kind === "claim").length;
  expect(wholes(after)).toBe(wholes(before));
  // All but the three convolutions on shortcuts, which are summed into others, and the last, whose reader takes the mean.
  expect(before.nodes.length - after.nodes.length).toBe(wholes(before) - 4);
});
