/** The script of the page: tunes a product on two backends, one after the other, and counts the pipelines that each made. */
import { openWebGpu } from "@sconce/backend-webgpu";
import { type Backend, matmul, ones, withBackend } from "@sconce/core";

declare global {
  /** Where the test looks: pipelines of both backends, or the message of what went wrong. */
  var tunedPipelines: Promise<number[] | string>;
}

async function pipelines(): Promise<number> {
  const create = GPUDevice.prototype.createComputePipelineAsync;
  let count = 0;
  GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
    count++;
    return create.call(this, descriptor);
  };
  const backend = await openWebGpu({ tune: true });
  await withBackend(backend as unknown as Backend, async () => (await matmul(ones([64, 8]), ones([8, 64]))).data());
  await backend.close?.();
  GPUDevice.prototype.createComputePipelineAsync = create;
  return count;
}

globalThis.tunedPipelines = pipelines()
  .then(async (first) => [first, await pipelines()])
  .catch((error: Error) => error.message);
