/** A step that throws leaves every variable as it was, whoever throws: a routine on the host or a claimed op. */
import {
  apply,
  type Backend,
  compile,
  defineOp,
  type Kernel,
  memoryUse,
  type OpDefinition,
  type OpRequest,
  sizeOf,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import type { BackendCheck } from "../check.ts";
import { addNest } from "../nests/simple-nests.ts";
import { wrapBackend } from "../wrap-backend.ts";
import { expectValues, param } from "./parameters.ts";

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
      routine:
        () =>
        ([x]) => {
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

export const rollbackChecks: readonly BackendCheck[] = [
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
    name: "an evaluation that throws gives its memory back",
    run: async (backend) => {
      const own = wrapBackend(backend, {});
      const fault = routineFault();
      fault.isOn = true;
      const uses: number[] = [];
      await withBackend(own, async () => {
        const x = tensor([
          [1, 2],
          [3, 4],
        ]);
        for (let turn = 0; turn < 2; turn++) {
          const failing = apply(fault.op, [x.sum({ axes: 0 })], undefined).add(1);
          await failing.data().catch(() => {});
          uses.push(memoryUse(own).bytes);
        }
      });
      if (uses[0] !== uses[1]) throw new Error(`${uses[0]} bytes were in use after one failure, ${uses[1]} after two.`);
    },
  },
];
