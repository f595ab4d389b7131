import { zeros } from "@sconce/core";
import { expect, test } from "vitest";
import { createModel } from "../src/model.ts";

test("gives ten logits per image, from 38,266 parameters with names as in PyTorch", () => {
  const model = createModel();
  expect(model.forward(zeros([5, 1, 8, 8])).shape).toEqual([5, 10]);
  const named = model.namedParameters();
  expect([...named.values()].reduce((sum, { value }) => sum + value.size, 0)).toBe(38266);
  expect([...named.keys()]).toContain("4.shortcut.0.weight");
  expect([...named.keys()]).toContain("3.bn1.bias");
});
