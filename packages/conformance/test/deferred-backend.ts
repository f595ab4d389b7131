/** A backend that does everything later, in order, as a graphics card does: made from one that does it at once. */
import type { Backend, Kernel, LoopNest, OpRequest } from "@sconce/core";

export function deferred<Buffer>(backend: Backend<Buffer>): Backend<Buffer> {
  let queue: Promise<unknown> = Promise.resolve();
  const later = <Result>(task: () => Result | Promise<Result>): Promise<Result> => {
    // A turn of the event loop, so that nothing is done by the time the call returns.
    const done = queue.then(() => new Promise((resolve) => setImmediate(resolve))).then(task);
    queue = done.catch(() => {});
    return done;
  };
  const kernelOf = (kernel: Kernel<Buffer>): Kernel<Buffer> => ({
    run: (inputs, outputs) => {
      const [read, written] = [[...inputs], [...outputs]];
      void later(() => kernel.run(read, written));
    },
  });
  return {
    name: `${backend.name}, deferred`,
    capabilities: { ...backend.capabilities, synchronousReads: false },
    allocate: (byteLength) => backend.allocate(byteLength),
    release: (buffer) => void later(() => backend.release(buffer)),
    write: (buffer, bytes) => {
      const copy = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice();
      void later(() => backend.write(buffer, copy));
    },
    read: (buffer, byteLength) => later(() => backend.read(buffer, byteLength)),
    compile: async (nest: LoopNest) => kernelOf(await backend.compile(nest)),
    claim: (request: OpRequest) => {
      const kernel = backend.claim?.(request);
      return kernel && Promise.resolve(kernel).then(kernelOf);
    },
    record: (steps) => ({
      run: () => {
        for (const { kernel, inputs, outputs } of steps) kernel.run(inputs, outputs);
      },
    }),
    finish: () => later(() => {}),
  };
}
