import fc from "fast-check";
import { expect, it } from "vitest";
import { i32 } from "../../src/assembler/values.ts";
import { assemble } from "./run.ts";

const integer = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

it("gives the lesser of two numbers, which it computes once", () => {
  let calls = 0;
  const run = assemble(
    ["i32", "i32"],
    "i32",
    (f, module) => {
      const [a, b] = [f.parameter(0, "i32"), f.parameter(1, "i32")];
      const counted = module.import("counted", ["i32"], "i32");
      const [lesser, again] = [f.least(f.call(counted, a), b), f.least(i32.add(a, 0), b)];
      expect("local" in lesser && "local" in again).toBe(true);
      f.if(i32.ne(lesser, again), () => f.unreachable());
      f.return(lesser);
    },
    {
      counted: (x) => {
        calls++;
        return x;
      },
    },
  );
  fc.assert(
    fc.property(integer, integer, (a, b) => {
      calls = 0;
      expect(run(a, b)).toBe(Math.min(a, b));
      expect(calls).toBe(1);
    }),
  );
});

it("folds the lesser of two constants", () => {
  assemble([], "i32", (f) => {
    expect(f.least(3, 5).constant).toBe(3);
    f.return(f.least(-1, 0));
  });
});
