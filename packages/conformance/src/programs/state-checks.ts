/** Variables change once per step, after every read of their old values, and not at all where a step throws. */
import {
  apply,
  type Backend,
  compile,
  defineOp,
  detach,
  type Kernel,
  memoryUse,
  type OpDefinition,
  type OpRequest,
  Param,
  sizeOf,
  sort,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import { type BackendCheck, requireDType } from "../check.ts";
import { expectClose } from "../compare.ts";
import { addNest } from "../nests/simple-nests.ts";
import { wrapBackend } from "../wrap-backend.ts";
import { goldenLosses, trainSmallNetwork } from "./small-network.ts";

async function expectValues(variable: Param, expected: readonly number[], what: string): Promise<void> {
  expectClose(await variable.value.data(), expected, 1e-6, (i) => `${what}, element ${i}`);
}

function param(values: number[]): Param {
  return new Param({ shape: [values.length], dtype: "float32" }, tensor(values));
}

/** An op that gives its input, or throws while `isOn`. */
interface Fault {
  readonly op: OpDefinition;
  isOn: boolean;
}

function identity(name: string, rest: Partial<OpDefinition>): OpDefinition {
  return defineOp({ name, infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }), ...rest });
}

/** The fault as a routine on the host. */
function routineFault(): Fault {
  const fault: Fault = {
    isOn: false,
    op: identity("faultyRoutine", {
      routine: () => ([x]) => {
        if (fault.isOn) throw new Error("the fault was asked for");
        return x;
      },
    }),
  };
  return fault;
}

/** The fault as an op that the backend claims, and the backend that does. */
function claimedFault(backend: Backend): { readonly fault: Fault; readonly claiming: Backend } {
  const fault: Fault = { isOn: false, op: identity("faultyClaim", { decompose: ([x]) => x }) };
  const claim = (request: OpRequest): Kernel | Promise<Kernel> | undefined =>
    request.op === "faultyClaim" ? faultyKernel(request) : backend.claim?.(request);
  const faultyKernel = async ({ output }: OpRequest): Promise<Kernel> => {
    const copy = await backend.compile(addNest(sizeOf(output.shape), 0));
    return {
      run: (inputs, outputs) => {
        if (fault.isOn) throw new Error("the fault was asked for");
        copy.run(inputs, outputs);
      },
    };
  };
  return { fault, claiming: wrapBackend(backend, { claim, record: undefined }) };
}

/** Runs a step that fails on its third turn; every variable must then be as the second turn left it. */
async function expectRollback(fault: Fault): Promise<void> {
  const [early, late, counted] = [param([1, 2]), param([0, 0]), param([0, 0])];
  const step = compile((x: Tensor) => {
    const next = early.value.mul(2);
    early.assign(next);
    counted.assign(counted.value.add(1));
    // The fault comes after the new value of `early` is known, and before that of `late`.
    late.assign(apply(fault.op, [next], undefined).add(late.value).add(x));
    return late.value.sum();
  });
  const x = (): Tensor => tensor([1, 1]);
  for (let turn = 0; turn < 2; turn++) await step(x());
  fault.isOn = true;
  let thrown = false;
  await step(x()).catch(() => {
    thrown = true;
  });
  if (!thrown) throw new Error("the step did not report the error of its op.");
  await expectValues(early, [4, 8], "the variable that the failing op reads");
  await expectValues(counted, [2, 2], "a variable beside the failing op");
  await expectValues(late, [8, 14], "the variable that the failing op writes");
  fault.isOn = false;
  await step(x());
  await expectValues(early, [8, 16], "after another turn");
  await expectValues(counted, [3, 3], "after another turn");
  step.dispose();
}

export const stateChecks: readonly BackendCheck[] = [
  {
    name: "20 steps of training give the recorded losses",
    run: async (backend) => {
      const losses = await trainSmallNetwork(backend);
      expectClose(losses, goldenLosses, (i) => 1e-4 * goldenLosses[i], (i) => `the loss of step ${i}`);
    },
  },
  {
    name: "20 steps of training in float64 give the recorded losses",
    run: async (backend) => {
      requireDType(backend, "float64");
      const losses = await trainSmallNetwork(backend, 20, "float64");
      expectClose(losses, goldenLosses, (i) => 1e-9 * goldenLosses[i], (i) => `the loss of step ${i}`);
    },
  },
  {
    name: "variables change after every read of their old values",
    run: (backend) =>
      withBackend(backend, async () => {
        const [a, b, c] = [param([1, 2, 3]), param([10, 20, 30]), param([0, 0, 0])];
        const step = compile(() => {
          const [oldA, oldB] = [a.value, b.value];
          a.assign(oldB);
          b.assign(oldA.flip());
          // Reads the new values, and the old ones through shifted positions.
          c.assign(c.value.roll(1).add(a.value).add(oldA.roll(1)));
          return [oldA, a.value, b.value];
        });
        const first = await step();
        await step();
        expectClose(await first[0].data(), [1, 2, 3], 0, (i) => `the old value, element ${i}`);
        expectClose(await first[1].data(), [10, 20, 30], 0, (i) => `the new value, element ${i}`);
        await expectValues(a, [3, 2, 1], "a after two swaps");
        await expectValues(b, [30, 20, 10], "b after two swaps");
        await expectValues(c, [65, 25, 42], "c after two steps");
        step.dispose();
      }),
  },
  {
    name: "a value that someone holds outlives the steps that replace it",
    run: (backend) =>
      withBackend(backend, async () => {
        const weight = param([1, 2]);
        const step = compile((x: Tensor) => {
          weight.assign(weight.value.mul(2));
          return x.add(0).sum();
        });
        const initial = weight.value;
        await step(weight.value);
        const [held, detached] = [weight.value, await detach(weight.value)];
        for (let turn = 0; turn < 3; turn++) await step(held);
        expectClose(await initial.data(), [1, 2], 0, (i) => `the first value, element ${i}`);
        expectClose(await held.data(), [2, 4], 0, (i) => `the value held, element ${i}`);
        expectClose(await detached.data(), [2, 4], 0, (i) => `the detached value, element ${i}`);
        await expectValues(weight, [16, 32], "the variable");
        step.dispose();
      }),
  },
  {
    name: "a step whose routine throws leaves every variable as it was",
    run: (backend) => withBackend(backend, () => expectRollback(routineFault())),
  },
  {
    name: "a step whose claimed op throws leaves every variable as it was",
    run: (backend) => {
      const { fault, claiming } = claimedFault(backend);
      return withBackend(claiming, () => expectRollback(fault));
    },
  },
  {
    name: "200 steps leave the bytes in use where they were",
    run: async (backend) => {
      const live = new Set<unknown>();
      const counting = wrapBackend(backend, {
        allocate: (byteLength: number): unknown => {
          const buffer = backend.allocate(byteLength);
          live.add(buffer);
          return buffer;
        },
        release: (buffer: unknown): void => {
          live.delete(buffer);
          backend.release(buffer);
        },
      });
      const uses: string[] = [];
      await withBackend(counting, async () => {
        const weight = param([1, 2, 3]);
        const step = compile((x: Tensor) => {
          weight.assign(weight.value.mul(0.9).add(x.sum()));
          return sort(weight.value.square()).sum();
        });
        for (let turn = 1; turn <= 200; turn++) {
          using x = tensor([turn, 1]);
          await (await step(x)).item();
          if (turn === 10 || turn === 200) uses.push(`${memoryUse(counting).bytes} bytes in use, ${live.size} buffers`);
        }
        step.dispose();
      });
      if (uses[0] !== uses[1]) throw new Error(`after 10 steps: ${uses[0]}; after 200: ${uses[1]}.`);
    },
  },
];
