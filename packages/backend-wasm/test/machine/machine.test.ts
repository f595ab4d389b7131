/** Programs on one thread and on several: order, sharing, failure, growth, and the end. */
import { BackendError } from "@sconce/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { f32, i32 } from "../../src/assembler/values.ts";
import type { KernelCode } from "../../src/kernels/kernel.ts";
import type { BoundKernel, Machine } from "../../src/machine/machine.ts";
import { openMachine } from "../../src/machine/open-machine.ts";
import { bufferOf, element, mapKernel, mapPhase, valuesOf } from "./kernels.ts";

describe.each([1, 2, 3])("a machine of %i threads", (threads) => {
  let machine: Machine;

  beforeAll(async () => {
    machine = await openMachine({ threads });
  });

  afterAll(() => machine.close());

  it("has as many threads as were asked for", () => {
    expect(machine.target.threads).toBe(threads);
    expect(machine.threadsReason).toBe(threads === 1 ? "one thread was asked for" : undefined);
  });

  it("does every unit once, whatever the grain", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 1, max: 20 }), (units, grain) => {
        const code = mapKernel(units, grain, 1, (frame, unit) => f32.add(element(frame, 0, unit), 1));
        const buffer = bufferOf(machine, [...Array(units + 1).keys()]);
        // In place: a unit done twice would add 2.
        machine.program([{ code, inputs: [buffer], outputs: [buffer] }])();
        expect(valuesOf(machine, buffer)).toEqual([...Array(units + 1).keys()].map((x, i) => (i < units ? x + 1 : x)));
        machine.release(buffer);
      }),
      { numRuns: 40 },
    );
  });

  it("runs kernels and phases in order, each after all of what comes before", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }), (sizes) => {
        const n = 16;
        const expected = Array.from({ length: n }, (_, i) => i);
        const [a, b] = [bufferOf(machine, expected), machine.allocate(4 * n)];
        const buffers = [a, b];
        // Each kernel reads what another unit of the one before has written: b[i] = a[n - 1 - i] * 2 + 1.
        const steps = sizes.map((grain, k): BoundKernel => {
          const code = mapKernel(n, grain === 0 ? n : grain, 1, (frame, unit) =>
            f32.add(f32.mul(element(frame, 0, i32.sub(n - 1, unit)), 2), 1),
          );
          expected.splice(0, n, ...[...expected].reverse().map((x) => Math.fround(2 * x + 1)));
          return { code, inputs: [buffers[k % 2]], outputs: [buffers[(k + 1) % 2]] };
        });
        const run = machine.program(steps);
        run();
        expect(valuesOf(machine, buffers[sizes.length % 2])).toEqual(expected);
        machine.release(a);
        machine.release(b);
      }),
      { numRuns: 40 },
    );
  });

  it("gives each kernel its scratch memory, and threads a number of their own", () => {
    const units = 100;
    const code: KernelCode = {
      name: "scratch",
      inputs: 0,
      outputs: 1,
      scratchBytes: 4 * units + 64 * threads,
      phases: [
        {
          units,
          grain: 7,
          emit: ({ f, first, last, thread, scratch }) => {
            const mine = f.bind(i32.add(scratch(), i32.mul(thread, 64)));
            f.range(first, last, 1, (unit) => {
              f.emit(i32.store(mine, unit));
              f.emit(i32.store(i32.add(scratch(), i32.mul(unit, 4)), i32.load(mine), 64 * threads));
            });
          },
        },
        mapPhase(units, 9, ({ scratch }, unit) =>
          f32.convert_i32_s(i32.load(i32.add(scratch(), i32.mul(unit, 4)), 64 * threads)),
        ),
      ],
    };
    const output = machine.allocate(4 * units);
    machine.program([{ code, inputs: [], outputs: [output] }])();
    expect(valuesOf(machine, output)).toEqual([...Array(units).keys()]);
  });

  it("reads the buffers that the arrays hold when it runs", () => {
    const code = mapKernel(8, 2, 1, (frame, unit) => element(frame, 0, unit));
    const inputs = [bufferOf(machine, Array(8).fill(1))];
    const outputs = [machine.allocate(32)];
    const run = machine.program([{ code, inputs, outputs }]);
    run();
    expect(valuesOf(machine, outputs[0])).toEqual(Array(8).fill(1));
    inputs[0] = bufferOf(machine, Array(8).fill(2));
    outputs[0] = machine.allocate(32);
    run();
    expect(valuesOf(machine, outputs[0])).toEqual(Array(8).fill(2));
  });

  it("grows, and every thread sees the new memory", () => {
    const large = machine.allocate(80 * 2 ** 20);
    const last = { address: large.address + large.byteLength - 4000, byteLength: 4000 };
    const code = mapKernel(1000, 3, 0, (_, unit) => f32.convert_i32_s(unit));
    machine.program([{ code, inputs: [], outputs: [last] }])();
    expect(valuesOf(machine, last)).toEqual([...Array(1000).keys()]);
    machine.release(large);
  });

  it("runs a thousand programs one after the other, cold and warm", async () => {
    const buffer = bufferOf(machine, Array(8).fill(0));
    const code = mapKernel(8, 1, 1, (frame, unit) => f32.add(element(frame, 0, unit), 1));
    const run = machine.program([{ code, inputs: [buffer], outputs: [buffer] }]);
    for (let i = 0; i < 1000; i++) {
      run();
      // Long enough for the workers to fall asleep.
      if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(valuesOf(machine, buffer)).toEqual(Array(8).fill(1000));
  });

  it("reports a kernel that traps, on whichever thread, and goes on", () => {
    // Divides by what the input says: 0 somewhere.
    const divide = mapKernel(64, 1, 1, (frame, unit) =>
      f32.convert_i32_s(i32.div_s(100, i32.trunc_sat_f32_s(element(frame, 0, unit)))),
    );
    const after = mapKernel(64, 1, 1, (frame, unit) => element(frame, 0, unit));
    const output = machine.allocate(256);
    const inputs = [bufferOf(machine, Array(64).fill(4))];
    const run = machine.program([
      { code: divide, inputs, outputs: [output] },
      { code: after, inputs: [output], outputs: [output] },
    ]);
    const good = inputs[0];
    for (const place of [0, 1, 20, 63]) {
      inputs[0] = bufferOf(
        machine,
        Array.from({ length: 64 }, (_, i) => (i === place ? 0 : 4)),
      );
      expect(run).toThrow(BackendError);
      expect(run).toThrow("wasm: a kernel stopped, and its results are lost: divide by zero in map");
      inputs[0] = good;
      run();
      expect(valuesOf(machine, output)).toEqual(Array(64).fill(25));
    }
  });

  it("reports code that does not compile, and keeps nothing of it", () => {
    const before = machine.allocate(64).address;
    machine.release({ address: before, byteLength: 64 });
    const wrong: KernelCode = {
      name: "wrong",
      inputs: 0,
      outputs: 0,
      scratchBytes: 4096,
      phases: [{ units: 1, grain: 1, emit: ({ f }) => f.emit([0x6a]) }],
    };
    const make = (): unknown => machine.program([{ code: wrong, inputs: [], outputs: [] }]);
    expect(make).toThrow(/wasm: a program of 1 kernels could not be made/);
    expect(machine.allocate(64).address).toBe(before);
  });
});

describe("opening", () => {
  it("refuses options that make no sense", async () => {
    await expect(openMachine({ threads: 0 })).rejects.toThrow(/threads is 0; give a whole number/);
    await expect(openMachine({ maximumBytes: 10 })).rejects.toThrow(/maximumBytes is 10; give at least/);
  });

  it("counts the time that it compiles", async () => {
    const machine = await openMachine({ threads: 1 });
    expect(machine.compileTime).toBe(0);
    machine.program([]);
    expect(machine.compileTime).toBeGreaterThan(0);
  });
});

describe("running out of memory", () => {
  it.each([1, 2])("names the bytes, and loses none, with %i threads", async (threads) => {
    const machine = await openMachine({ threads, maximumBytes: 32 * 2 ** 20 });
    const kept = machine.allocate(2 ** 20);
    expect(() => machine.allocate(40 * 2 ** 20)).toThrow(
      new RegExp(`out of memory: ${40 * 2 ** 20} more bytes .* with ${kept.byteLength} in use, .* ${32 * 2 ** 20}`),
    );
    const code: KernelCode = { name: "greedy", inputs: 0, outputs: 0, scratchBytes: 40 * 2 ** 20, phases: [] };
    for (let i = 0; i < 3; i++)
      expect(() => machine.program([{ code, inputs: [], outputs: [] }])).toThrow(/out of memory/);
    const rest = machine.allocate(31 * 2 ** 20 - 4096);
    machine.release(rest);
    machine.release(kept);
    await machine.close();
  });
});

describe("a closed machine", () => {
  it.each([1, 2])("says so, of %i threads", async (threads) => {
    const machine = await openMachine({ threads });
    const buffer = machine.allocate(32);
    const code = mapKernel(8, 1, 0, () => f32.const(1));
    const run = machine.program([{ code, inputs: [], outputs: [buffer] }]);
    run();
    await machine.close();
    await machine.close();
    machine.release(buffer);
    for (const use of [run, () => machine.allocate(1), () => machine.bytes(), () => machine.program([])])
      expect(use).toThrow(/this backend is closed; open another one/);
  });
});
