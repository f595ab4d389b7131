/** The allocator: ranges never overlap, and what is released can be had again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Heap } from "../../src/machine/heap.ts";

const pages = 512;
const memory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 1, maximum: pages });

interface Taken {
  readonly address: number;
  readonly byteLength: number;
}

describe("Heap", () => {
  it("gives aligned ranges inside the memory that do not overlap", () => {
    const action = fc.oneof(
      fc.record({ byteLength: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 300_000 })) }),
      fc.record({ release: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const store = memory();
        const heap = new Heap(store, pages);
        const taken: Taken[] = [];
        for (const step of actions) {
          if ("byteLength" in step) taken.push({ address: heap.allocate(step.byteLength), ...step });
          else if (taken.length > 0) {
            const [{ address, byteLength }] = taken.splice(step.release % taken.length, 1);
            heap.release(address, byteLength);
          }
          const sorted = [...taken].sort((a, b) => a.address - b.address);
          sorted.forEach(({ address, byteLength }, i) => {
            const end = sorted[i + 1]?.address ?? store.buffer.byteLength - 64;
            expect(address % 64).toBe(0);
            expect(address).toBeGreaterThanOrEqual(1024);
            expect(address + byteLength).toBeLessThanOrEqual(end);
          });
        }
        // Everything back: the whole is one range again.
        for (const { address, byteLength } of taken) heap.release(address, byteLength);
        const all = store.buffer.byteLength - 1024 - 64;
        expect(heap.allocate(all)).toBe(1024);
      }),
    );
  });

  it("takes the tightest of the free ranges", () => {
    const heap = new Heap(memory(), pages);
    const [large, , small] = [1024, 64, 256, 64].map((bytes) => heap.allocate(bytes));
    heap.release(large, 1024);
    heap.release(small, 256);
    expect(heap.allocate(200)).toBe(small);
    expect(heap.allocate(1000)).toBe(large);
  });

  it("can be filled to the limit, and no further", () => {
    const heap = new Heap(memory(), pages);
    const most = pages * 65536 - 1024 - 64;
    const address = heap.allocate(most);
    expect(() => heap.allocate(1)).toThrow(`1 more bytes were asked for with ${most} in use`);
    heap.release(address, most);
    expect(heap.allocate(most)).toBe(address);
  });
});
