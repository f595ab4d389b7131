import { openCpu } from "@sconce/backend-cpu";
import { type Backend, compile, profile, type Tensor, tensor, withBackend } from "@sconce/core";
import { describe, expect, it } from "vitest";

describe("profile", () => {
  it("keeps apart what a backend spends on compiling", async () => {
    const cpu = openCpu() as Backend;
    let compiling = 0;
    const lazy: Backend = {
      ...cpu,
      compileTime: () => compiling,
      compile: async (nest) => {
        const kernel = await cpu.compile(nest);
        let first = true;
        return {
          run: (inputs, outputs) => {
            const end = performance.now() + (first ? 30 : 0);
            if (first) compiling += 30;
            first = false;
            while (performance.now() < end);
            kernel.run(inputs, outputs);
          },
        };
      },
    };
    await withBackend(lazy, async () => {
      const step = compile((x: Tensor) => x.exp().sum());
      const x = tensor([1, 2, 3]);
      const [first, second] = [await profile(() => step(x)), await profile(() => step(x))];
      expect(first.compileMilliseconds).toBeGreaterThanOrEqual(30);
      expect(first.milliseconds).toBeLessThan(25);
      expect(first.toString()).toMatch(/\(compiling\) +3\d\.\d\d/);
      expect(second.compileMilliseconds).toBe(0);
      expect(second.toString()).not.toContain("compiling");
    });
  });
});
