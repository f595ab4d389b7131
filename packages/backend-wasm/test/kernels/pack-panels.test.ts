import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import type { Phase } from "../../src/kernels/kernel.ts";
import { packFunction } from "../../src/kernels/pack-panels.ts";
import { openMachine } from "../../src/machine/open-machine.ts";
import { numbers, runKernel } from "../matmul/run-product.ts";

const machine = await openMachine({ threads: 1, maximumBytes: 2 ** 26 });
afterAll(() => machine.close());

it("packs lines of any strides in the order [depth][width]", () => {
  const size = fc.integer({ min: 1, max: 9 });
  const strides = fc.constantFrom("lines side by side", "lines along the depth", "neither");
  fc.assert(
    fc.property(size, size, fc.integer({ min: 1, max: 14 }), strides, (width, few, depth, order) => {
      const lines = Math.min(width, few);
      const [line, step] =
        order === "neither" ? [2, 2 * lines + 1] : order === "lines side by side" ? [1, lines + 2] : [depth + 1, 1];
      const values = numbers((lines - 1) * line + (depth - 1) * step + 1, 1);
      const shape = { width, lines, lineStride: 4 * line, depthStride: 4 * step };
      const code = {
        name: "pack",
        inputs: 1,
        outputs: 1,
        scratchBytes: 0,
        phases: [
          {
            units: 1,
            grain: 1,
            emit: ({ module, f, input, output }) => f.callVoid(packFunction(module, shape), input(0), output(0), depth),
          } satisfies Phase,
        ],
      };
      const packed = runKernel(machine, code, [values], width * depth);
      for (let k = 0; k < depth; k++)
        for (let l = 0; l < lines; l++) expect(packed[k * width + l]).toBe(values[l * line + k * step]);
    }),
    { numRuns: 150 },
  );
});
