import * as fc from "fast-check";
import { it } from "vitest";
import { openCpu } from "@sconce/backend-cpu";
import { nestDescriptions } from "../src/nests/nest-description.ts";
import { buildCase } from "../src/nests/build-case.ts";
import { interpretNest } from "../src/reference-interpreter.ts";
import { storedAs } from "../src/nests/run-nest.ts";
it("stat", () => {
  const b = openCpu();
  const kinds: Record<string, number> = {}; let empty = 0, nanc = 0, big = 0, zero = 0, tot = 0;
  for (const d of fc.sample(nestDescriptions, 2000)) {
    const c = buildCase(d, b as never);
    if (c.nest.shape.includes(0)) { empty++; continue; }
    for (const i of [...c.nest.body, ...c.nest.epilogue]) { const k = i.kind === "apply" ? i.operator + ":" + i.dtype : i.kind + (i.kind === "load" ? i.access.kind + (i.guard !== undefined ? "G" : "") : ""); kinds[k] = (kinds[k] ?? 0) + 1; }
    const r = interpretNest(c.nest, c.inputs.map((v, i) => storedAs(v, c.nest.inputs[i])));
    for (const s of r) for (let i = 0; i < s.values.length; i++) { tot++; if (Number.isNaN(s.values[i])) nanc++; if (s.magnitudes[i] > 3e4) big++; if (s.values[i] === 0) zero++; }
  }
  console.log(kinds, { empty, nanc, big, zero, tot });
});
