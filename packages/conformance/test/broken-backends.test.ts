/** The kit finds what it says it finds: each of these backends is broken in one way and fails the check that is about it. */
import { type CpuBuffer, openCpu } from "@sconce/backend-cpu";
import { backendChecks } from "@sconce/conformance";
import type { Backend, Instruction, Kernel, LoopNest, OpRequest } from "@sconce/core";
import { expect, it } from "vitest";

type Cpu = Backend<CpuBuffer>;

/** A backend that runs changed nests. */
function rewriting(change: (nest: LoopNest) => LoopNest): Cpu {
  const cpu = openCpu({ claims: false });
  return { ...cpu, compile: (nest) => cpu.compile(change(nest)) };
}

function eachInstruction(nest: LoopNest, change: (instruction: Instruction) => Instruction): LoopNest {
  return { ...nest, body: nest.body.map(change), epilogue: nest.epilogue.map(change) };
}

function claiming(op: string, run: Kernel<CpuBuffer>["run"]): Cpu {
  const claim = (request: OpRequest): Kernel<CpuBuffer> | undefined => (request.op === op ? { run } : undefined);
  return { ...openCpu({ claims: false }), claim };
}

const broken: readonly (readonly [what: string, check: string, backend: () => Cpu])[] = [
  [
    "ignores guards",
    "random nests with guarded loads, out of range where the guard is false",
    () => rewriting((nest) => eachInstruction(nest, (i) => (i.kind === "load" ? { ...i, guard: undefined } : i))),
  ],
  [
    "walks backwards forwards",
    "random nests with affine loads (negative and zero strides, empty and single loops)",
    () =>
      rewriting((nest) =>
        eachInstruction(nest, (i) =>
          i.kind === "load" && i.access.kind === "affine"
            ? { ...i, access: { ...i.access, offset: 0, strides: i.access.strides.map(Math.abs) } }
            : i,
        ),
      ),
  ],
  [
    "forgets the epilogue",
    "random reductions with several accumulators, an epilogue and several stores",
    () =>
      rewriting((nest) => ({
        ...nest,
        stores: nest.stores.map((store) => (nest.epilogue[0]?.kind === "accumulator" ? { ...store, value: 0 } : store)),
      })),
  ],
  [
    "takes a remainder with the sign of the dividend",
    "remainder in int32",
    () => {
      const cpu = openCpu();
      const run: Kernel<CpuBuffer>["run"] = ([a, b], [y]) => {
        const [x, divisor, out] = [a, b, y].map(({ bytes }) => new Int32Array(bytes));
        out.forEach((_, i) => {
          out[i] = divisor[i] === 0 ? 0 : x[i] % divisor[i];
        });
      };
      const isRemainder = (nest: LoopNest): boolean =>
        nest.body.some((i) => i.kind === "apply" && i.operator === "remainder");
      return { ...cpu, compile: (nest) => (isRemainder(nest) ? { run } : cpu.compile(nest)) };
    },
  ],
  [
    "writes the whole array behind a view",
    "a view into a larger array writes its own bytes only",
    () => {
      const cpu = openCpu();
      return { ...cpu, write: (buffer, bytes) => cpu.write(buffer, new Uint8Array(bytes.buffer, 0, bytes.byteLength)) };
    },
  ],
  [
    "hands out its own bytes when read",
    "writes copy, and reads return bytes of their own",
    () => ({ ...openCpu(), read: async (buffer) => buffer.bytes }),
  ],
  [
    "runs kernels later than writes",
    "a write waits for the kernels before it",
    () => {
      const cpu = openCpu();
      const late = (kernel: Kernel<CpuBuffer>): Kernel<CpuBuffer> => ({
        run: (inputs, outputs) => void setTimeout(() => kernel.run(inputs, outputs)),
      });
      return {
        ...cpu,
        compile: async (nest) => late(await cpu.compile(nest)),
        read: (buffer, byteLength) =>
          new Promise((resolve) => setTimeout(() => resolve(buffer.bytes.slice(0, byteLength)), 1)),
      };
    },
  ],
  [
    "claims a softmax and copies instead",
    "a claimed softmax is its decomposition",
    () =>
      claiming("softmax", ([x], [y]) =>
        new Uint8Array(y.bytes).set(new Uint8Array(x.bytes).subarray(0, y.bytes.byteLength)),
      ),
  ],
  [
    "claims that a concatenation is its first part",
    "every op of core and its gradients are the same with and without claims",
    () =>
      claiming("concatenate", ([x], [y]) =>
        new Uint8Array(y.bytes).set(new Uint8Array(x.bytes).subarray(0, y.bytes.byteLength)),
      ),
  ],
  [
    "adds its sums to what memory held before",
    "5 replays equal 5 fresh runs, whatever memory held before",
    () => {
      const cpu = openCpu({ claims: false });
      const adding = (kernel: Kernel<CpuBuffer>): Kernel<CpuBuffer> => ({
        run: (inputs, outputs) => {
          const before = outputs.map(({ bytes }) => new Float32Array(bytes.slice(0)));
          kernel.run(inputs, outputs);
          outputs.forEach(({ bytes }, i) => {
            const after = new Float32Array(bytes);
            for (let at = 0; at < after.length; at++) after[at] += before[i][at];
          });
        },
      });
      return { ...cpu, compile: async (nest) => (nest.reduce ? adding(await cpu.compile(nest)) : cpu.compile(nest)) };
    },
  ],
];

it.each(broken)("a backend that %s fails: %s", async (_, name, open) => {
  const check = Object.values(backendChecks)
    .flat()
    .find((candidate) => candidate.name === name);
  expect(check, `the kit has no check "${name}"`).toBeDefined();
  const run = async (): Promise<void> => check?.run(open() as Backend, { runs: 100, seed: 1 });
  await expect(run()).rejects.toThrow();
});
