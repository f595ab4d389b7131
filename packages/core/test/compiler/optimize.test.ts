/** What a backend's `optimize` may do to a program, and what core makes of the result. */
import { type CpuBuffer, openCpu } from "@sconce/backend-cpu";
import {
  type Backend,
  compile,
  explain,
  type Kernel,
  matmul,
  Param,
  type ProgramDraft,
  type ProgramNode,
  profile,
  relu,
  sizeOf,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import { describe, expect, it } from "vitest";

const cpu = openCpu();

function openWith(optimize?: (draft: ProgramDraft) => ProgramDraft): Backend {
  return { ...cpu, ...(optimize && { optimize }) } as unknown as Backend;
}

/** Replaces a claimed node and the nest that reads its result by one node, which gets a buffer for what is in between. */
function mergeFirstPair(draft: ProgramDraft): ProgramDraft {
  const { values, nodes } = draft;
  const at = nodes.findIndex(({ work }) => work.kind === "claim");
  const [claim] = nodes.slice(at);
  const between = claim.outputs[0];
  const reader = nodes.find(({ inputs }) => inputs.includes(between)) as ProgramNode;
  if (claim.work.kind !== "claim" || reader.work.kind !== "nest") return draft;
  const others = reader.inputs.filter((input) => input !== between);
  const [first, second] = [claim.work.kernel as Kernel<CpuBuffer>, cpu.compile(reader.work.nest) as Kernel<CpuBuffer>];
  const kernel: Kernel<CpuBuffer> = {
    run: (inputs, outputs) => {
      const rest = inputs.slice(claim.inputs.length);
      const result = cpu.allocate(4 * sizeOf(values[between].shape));
      first.run(inputs.slice(0, claim.inputs.length), [result]);
      second.run(
        reader.inputs.map((input) => (input === between ? result : rest[others.indexOf(input)])),
        outputs,
      );
    },
  };
  const merged: ProgramNode = {
    name: `${claim.name}+${reader.name}`,
    work: { ...claim.work, kernel: kernel as unknown as Kernel },
    inputs: [...claim.inputs, ...others],
    outputs: reader.outputs,
    flops: claim.flops + reader.flops,
  };
  return { ...draft, nodes: nodes.flatMap((node) => (node === claim ? [] : node === reader ? [merged] : [node])) };
}

/** Given anew to each backend. */
function wave(...shape: readonly number[]): Tensor {
  return tensor(Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + shape.length))).reshape(shape);
}

async function layer(backend: Backend): Promise<{ step: ReturnType<typeof compile>; values: unknown }> {
  return withBackend(backend, async () => {
    const [x, w, b] = [wave(4, 6), wave(6, 5), wave(5)];
    const step = compile(() => relu(matmul(x, w).add(b)).sum({ axes: 1 }));
    const result = await step();
    return { step, values: await result.array() };
  });
}

describe("optimize", () => {
  it("may merge nodes; what lay between them is gone", async () => {
    const [plain, merged] = [await layer(openWith()), await layer(openWith(mergeFirstPair))];
    expect(merged.values).toEqual(plain.values);
    const [before, after] = [plain.step.programs()[0], merged.step.programs()[0]];
    expect(after.nodes).toHaveLength(before.nodes.length - 1);
    expect(after.values).toHaveLength(before.values.length - 1);
    expect(after.unplannedBytes).toBeLessThan(before.unplannedBytes);
  });

  it("shows rewritten nodes in explain and in profiles", async () => {
    const backend = openWith(mergeFirstPair);
    const { step } = await layer(backend);
    expect(explain(step)).toMatch(/matmul\+.* +claimed/);
    const taken = await withBackend(backend, () => profile(() => step()));
    expect(taken.rows.map(({ name }) => name).join()).toContain("matmul+");
  });

  it("changes nothing when it returns what it was given", async () => {
    const [plain, same] = [await layer(openWith()), await layer(openWith((draft) => draft))];
    expect(explain(same.step)).toBe(explain(plain.step));
  });

  it("is told which outputs take the place of a variable, and in-place updates are planned after it", async () => {
    const given: ProgramDraft[] = [];
    const backend = openWith((draft) => {
      given.push(draft);
      return draft;
    });
    await withBackend(backend, async () => {
      const weight = new Param({ shape: [6, 5], dtype: "float32" }, wave(6, 5));
      const step = compile(() => {
        weight.assign(weight.value.mul(0.5));
        return weight.value.sum();
      });
      await step();
      const { outputs, values } = given.at(-1) as ProgramDraft;
      expect(outputs.map(({ replaces }) => replaces)).toEqual([undefined, 0]);
      expect(values.filter(({ source }) => source === 0)).toHaveLength(1);
      expect(explain(step)).toContain("out 1=in 0");
    });
  });

  it("refuses a node that runs before what it reads is written", async () => {
    const backend = openWith((draft) => ({ ...draft, nodes: [...draft.nodes].reverse() }));
    await expect(layer(backend)).rejects.toThrow(/optimize: .* before any node has written it/);
  });
});
