/** What `explain` prints. */
import { openCpu } from "@sconce/backend-cpu";
import { type Backend, compile, explain, type Tensor, tensor, withBackend } from "@sconce/core";
import { describe, expect, it } from "vitest";

describe("explain", () => {
  const cpu = openCpu() as Backend;
  const talking: Backend = {
    ...cpu,
    compile: async (nest) => {
      const kernel = await cpu.compile(nest);
      return {
        name: `loops_${nest.shape.join("x")}`,
        code: () => `for each of ${nest.shape}`,
        run: kernel.run.bind(kernel),
      };
    },
  };
  const explained = (backend: Backend, code?: boolean): Promise<string> =>
    withBackend(backend, async () => {
      const step = compile((x: Tensor) => ({ largest: x.max({ axes: 1 }), copy: x.exp().sum({ axes: 1 }) }));
      await step(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      );
      return explain(step, code === undefined ? undefined : { code });
    });

  it("tells of kernels, slots and bytes", async () => {
    const text = await explained(talking);
    expect(text).toMatch(/\d+ tensors captured, \d+ kernels?, \d+ slots/);
    expect(text).toMatch(/kernel +runs as +reads +writes +bytes/);
    expect(text).not.toContain("for each of");
  });

  it("prints the code of each kernel once, where the backend shows it", async () => {
    const text = await explained(talking, true);
    expect(text).toMatch(/kernel [\d, ]+: loops_2\n\nfor each of 2/);
    expect(text.match(/for each of 2$/gm)?.length).toBe(text.match(/^kernel \d/gm)?.length);
    expect(await explained(cpu, true)).toBe(await explained(cpu));
  });
});
