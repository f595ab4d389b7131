/** Gradients that are larger than what they are made from are made at the end, ahead of the updates, which stay in place. */
import { openNative } from "@sconce/backend-native";
import { type Backend, compile, grad, Param, relu, type Tensor, withBackend } from "@sconce/core";
import { sgd } from "@sconce/optimizers";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { expectClose, watched } from "../support/compiled.ts";
import { floats } from "../support/floats.ts";

/** Widths of three layers: of the weights' gradients, the first and the last have more than 1 MiB. */
const widths = [300, 1024, 40, 7000];
const batch = 4;

/** Losses of three steps and the weights after them, with the program of a step. */
async function train(backend: Backend) {
  return withBackend(backend, async () => {
    const weights = widths.slice(1).map((width, i) => {
      const shape = [widths[i], width];
      return new Param({ shape, dtype: "float32" }, floats(shape, i));
    });
    const optimizer = sgd(weights, { learningRate: 1e-3, momentum: 0.9 });
    const step = compile((x: Tensor) => {
      const y = weights.reduce((y, weight) => relu(y.matmul(weight.value)).mul(0.05), x);
      const loss = y.square().mean();
      optimizer.update(grad(loss, weights));
      return [loss];
    });
    const losses: number[] = [];
    for (let i = 0; i < 3; i++) losses.push(await (await step(floats([batch, widths[0]], i)))[0].item());
    const after = await Promise.all(weights.map(({ value }) => value.data()));
    const [program] = step.programs();
    await backend.close?.();
    return { program, results: [Float32Array.from(losses), ...after] as Float32Array[] };
  });
}

test.runIf(testsNative)("a deep layer's gradient", async () => {
  const native = watched((await openNative()) as Backend);
  const { program, results } = await train(native.backend);
  expectClose(results, (await train((await openNative({ optimize: false })) as Backend)).results, 1e-5);
  const { nodes, values, outputs } = program;
  const shapes = nodes.map(({ work, outputs }) => (work.kind === "claim" ? String(values[outputs[0]].shape) : "nest"));
  const updates = 1 + shapes.reduce((last, shape, place) => (shape === "nest" ? last : place), -1);
  const late = shapes.slice(updates - 2, updates);
  expect([...late].sort()).toEqual(["300,1024", "40,7000"]);
  expect(shapes.slice(0, updates - 2)).toContain("1024,40");
  // Each weight and its momentum are written where they lie.
  const inPlace = outputs.filter((value) => {
    const { home } = values[value];
    return home.kind === "output" && home.inPlaceOf !== undefined;
  });
  expect(inPlace.length).toBeGreaterThanOrEqual(6);
  // The update of what was made last comes first.
  expect(String(values[nodes[updates].outputs[0]].shape)).toBe(late[1]);
});

test.runIf(testsNative)("programs that do not train keep their order", async () => {
  const { makeLate } = await import("../../src/optimize/late-results.ts");
  const native = (await openNative()) as Backend;
  const drafts: boolean[] = [];
  const backend: Backend = {
    ...native,
    optimize: (draft, claim) => {
      drafts.push(makeLate(draft) === draft);
      return native.optimize?.(draft, claim) ?? draft;
    },
  };
  await withBackend(backend, () => compile((x: Tensor) => [x.transpose().matmul(x), x.sum()])(floats([2, 600], 1)));
  await native.close?.();
  expect(drafts).toContain(true);
  expect(drafts).not.toContain(false);
});
