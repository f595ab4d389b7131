/**
 * jax-js. usage: node jax-js.js wasm THREADS FOLDER, or node jax-js.js webgpu MODE FOLDER (see dawn.ts), where FOLDER holds
 * its node_modules
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { count } from "../layers.ts";
import { numbers } from "../numbers.ts";
import { type ConvolutionWork, extentAfter, type Work } from "../workloads.ts";
import { installWorker } from "./browser-worker.ts";
import { type GpuMode, provideGpu } from "./dawn.ts";
import type { GpuMeter } from "./gpu-meter.ts";
import type { Jax, JaxArray } from "./jax-js-library.ts";
import { answerOf, inference, trainingStep } from "./jax-js-models.ts";
import { serve, type Task } from "./serve.ts";

const [device, setting, folder] = process.argv.slice(2);
let jax: Jax;
await serve(prepare, open);
process.exit();

async function open(): Promise<GpuMeter | undefined> {
  const meter = device === "webgpu" ? await provideGpu(setting as GpuMode) : undefined;
  if (device === "wasm" && Number(setting) > 1) installWorker(Number(setting));
  jax = (await import(pathToFileURL(join(folder, "node_modules/@jax-js/jax/dist/index.js")).href)) as Jax;
  const opened = await jax.init(device);
  if (!opened.includes(device)) throw new Error(`jax-js: ${device} did not open`);
  jax.defaultDevice(device);
  return meter;
}

async function prepare(work: Work): Promise<Task<readonly JaxArray[]>> {
  const task = await taskOf(work);
  // Tracing and compiling are no part of what is measured; a training starts with them, since its first step counts.
  if (work.kind !== "training") await task.answer(await task.run());
  return task;
}

async function taskOf(work: Work): Promise<Task<readonly JaxArray[]>> {
  switch (work.kind) {
    case "matmul":
      return multiplication(work.size);
    case "convolution":
      return convolution(work);
    case "training":
      return trainingStep(jax, work);
    case "inference":
      return inference(jax, work);
    default:
      throw new Error(`jax-js: no work of kind ${work.kind}`);
  }
}

function floats(shape: readonly number[], seed: number, scale?: number): JaxArray {
  return jax.numpy.array(numbers(count(shape), seed, scale)).reshape(shape);
}

function multiplication(size: number): Promise<Task<readonly JaxArray[]>> {
  const given = [floats([size, size], 1), floats([size, size], 2)];
  return jitted(given, (a, b) => [jax.numpy.matmul(a, b)]);
}

function convolution(work: ConvolutionWork): Promise<Task<readonly JaxArray[]>> {
  const { batch, inputs, outputs, extent, kernel, stride, padding, groups, backward } = work;
  const around = [padding, padding];
  const forward = (x: JaxArray, weight: JaxArray): JaxArray =>
    jax.lax.convGeneralDilated(x, weight, [stride, stride], [around, around], { featureGroupCount: groups });
  const size = extentAfter(work);
  const given = [
    floats([batch, inputs, extent, extent], 1),
    floats([outputs, inputs / groups, kernel, kernel], 2, 0.05),
    ...(backward ? [floats([batch, outputs, size, size], 3)] : []),
  ];
  return jitted(given, (x, weight, cotangent) => {
    if (!backward) return [forward(x, weight)];
    const [y, gradients] = jax.vjp(forward, [x, weight]);
    const [gx, gw] = gradients(cotangent);
    gradients.dispose?.();
    return [y, gx, gw];
  });
}

/** A task that calls `fn` under `jit`. */
async function jitted(
  given: readonly JaxArray[],
  fn: (...args: JaxArray[]) => JaxArray[],
): Promise<Task<readonly JaxArray[]>> {
  await jax.blockUntilReady(given);
  const step = jax.jit(fn);
  const run = async (): Promise<JaxArray[]> => {
    const results = step(...given.map((array) => array.ref));
    await jax.blockUntilReady(results);
    return results;
  };
  return { run, answer: answerOf };
}
