/** What happens when a backend has no room: a clear error, nothing lost, and the program runs once there is room again. */
import { openCpu } from "@sconce/backend-cpu";
import {
  type Backend,
  BackendError,
  compile,
  memoryUse,
  Param,
  scalar,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import { describe, expect, it } from "vitest";

/** A cpu backend that holds at most `room.bytes`. */
function smallBackend(room: { bytes: number }): { backend: Backend; used: () => number } {
  const cpu = openCpu() as Backend;
  const sizes = new Map<unknown, number>();
  const used = (): number => [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const backend: Backend = {
    ...cpu,
    allocate: (byteLength) => {
      if (used() + byteLength > room.bytes) throw new BackendError(`no room for ${byteLength} bytes.`);
      const buffer = cpu.allocate(byteLength);
      sizes.set(buffer, byteLength);
      return buffer;
    },
    release: (buffer) => void sizes.delete(buffer),
  };
  return { backend, used };
}

/** Has the data of `x` on the backend. */
async function upload(x: Tensor): Promise<Tensor> {
  (await compile((x: Tensor) => x.sum())(x)).dispose();
  return x;
}

describe("out of memory", () => {
  it("says what the program needs in all, leaves everything as it was, and runs when there is room", async () => {
    const room = { bytes: 1e6 };
    const { backend, used } = smallBackend(room);
    await withBackend(backend, async () => {
      const count = new Param({ shape: [], dtype: "float32" }, scalar(3));
      const step = compile((x: Tensor) => {
        count.assign(count.value.add(1));
        const y = x.softmax();
        return y.div(y.max()).sum();
      });
      const x = await upload(tensor(new Float32Array(1000)));
      expect(await count.value.item()).toBe(3);
      const before = memoryUse(backend).bytes;
      room.bytes = used() + 1000;
      await expect(step(x)).rejects.toThrow(/no room for 4000 bytes\. The program needs \d{4} bytes in all/);
      // The counter has moved to the backend meanwhile.
      expect(memoryUse(backend).bytes).toBe(before + 4);
      expect(await count.value.item()).toBe(3);
      room.bytes = 1e6;
      expect(await (await step(x)).item()).toBeCloseTo(1000);
      expect(await count.value.item()).toBe(4);
    });
  });

  it("releases the results it had room for", async () => {
    const room = { bytes: 1e6 };
    const { backend, used } = smallBackend(room);
    await withBackend(backend, async () => {
      const x = await upload(tensor(new Float32Array(1000)));
      const before = memoryUse(backend).bytes;
      room.bytes = used() + 5000;
      const both = compile((x: Tensor) => [x.add(1), x.mul(x)]);
      await expect(both(x)).rejects.toThrow(BackendError);
      expect(memoryUse(backend).bytes).toBe(before);
    });
  });

  it("gives pooled buffers back before it gives up", async () => {
    const room = { bytes: 1e6 };
    const { backend, used } = smallBackend(room);
    await withBackend(backend, async () => {
      const x = await upload(tensor(new Float32Array(1000)));
      (await compile((x: Tensor) => x.add(1))(x)).dispose();
      expect(memoryUse(backend).pooledBytes).toBeGreaterThan(4000);
      room.bytes = used() + 5000;
      const large = await compile((x: Tensor) => x.reshape([1000, 1]).broadcastTo([1000, 2]).add(1))(x);
      expect(large.size).toBe(2000);
      expect(memoryUse(backend).pooledBytes).toBe(0);
    });
  });
});
