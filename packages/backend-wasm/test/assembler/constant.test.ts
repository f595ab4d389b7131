import { expect, it } from "vitest";
import { f32x4, i32x4, v128 } from "../../src/assembler/simd.ts";
import { assemble, bytes } from "./run.ts";

it("holds a constant vector once, whatever else uses variables, and wherever it was asked for", () => {
  const run = assemble([], undefined, (f) => {
    const scrap = f.local("v128", i32x4.const(7));
    f.release(scrap);
    f.range(0, 32, 16, (i) => {
      const half = f.constant(f32x4.const(0.5));
      expect(f.constant(f32x4.const(0.5))).toBe(half);
      expect(f.constant(f32x4.const(1.5))).not.toBe(half);
      const other = f.local("v128", f32x4.const(9));
      f.release(other);
      f.emit(v128.store(i, f32x4.add(half, f.constant(f32x4.const(1.5)))));
    });
  });
  run();
  for (let at = 0; at < 32; at += 4) expect(bytes.getFloat32(at, true)).toBe(2);
});
