import "@sconce/backend-cpu/register";
import { Stat, add, zeros, evaluateAll, setSeed } from "@sconce/core";
import { expect, test } from "vitest";
test("x", async () => {
  const stats = [0,1,2].map(() => new Stat({ shape: [], dtype: "int32" }, () => zeros([], "int32")));
  for (const s of stats) s.assign(add(s.value, 1));
  const v = stats.map((s) => s.value);
  await evaluateAll(...v);
  for (const t of v) console.log(await t.item());
  for (const s of stats) console.log(await s.value.item());
});
test("y", async () => {
  const stats = [0].map(() => new Stat({ shape: [], dtype: "int32" }, () => zeros([], "int32")));
  for (const s of stats) s.assign(add(s.value, 1));
  const v = stats.map((s) => s.value);
  await evaluateAll(...v);
  for (const t of v) console.log(await t.item());
  for (const s of stats) console.log(await s.value.item());
});
