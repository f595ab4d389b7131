/** jax-js on its WebAssembly device: convolutions. usage: node jax-js.js THREADS FOLDER, where FOLDER holds its node_modules */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { sampleOf } from "../answer.ts";
import { count } from "../layers.ts";
import { numbers } from "../numbers.ts";
import { type ConvolutionWork, extentAfter, type Work } from "../workloads.ts";
import { installWorker } from "./browser-worker.ts";
import { serve, type Task } from "./serve.ts";

/** An array whose every use but the last is of `ref`. */
interface JaxArray {
  readonly ref: JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  data(): Promise<Float32Array>;
}

type Convolution = (x: JaxArray, weight: JaxArray) => JaxArray;

/** What is used of @jax-js/jax, which is installed only when it is measured. */
interface Jax {
  readonly numpy: { array(values: Float32Array): JaxArray };
  readonly lax: {
    convGeneralDilated(
      x: JaxArray,
      weight: JaxArray,
      strides: readonly number[],
      padding: readonly (readonly number[])[],
      options: { readonly featureGroupCount: number },
    ): JaxArray;
  };
  blockUntilReady(arrays: readonly JaxArray[]): Promise<unknown>;
  defaultDevice(name: string): void;
  init(device: string): Promise<unknown>;
  jit(fn: (...args: JaxArray[]) => JaxArray[]): (...args: JaxArray[]) => JaxArray[];
  vjp(
    fn: Convolution,
    args: readonly JaxArray[],
  ): [JaxArray, ((cotangent: JaxArray) => JaxArray[]) & { dispose?: () => void }];
}

const [threads, folder] = process.argv.slice(2);
if (Number(threads) > 1) installWorker(Number(threads));
const jax = (await import(pathToFileURL(join(folder, "node_modules/@jax-js/jax/dist/index.js")).href)) as Jax;
await jax.init("wasm");
jax.defaultDevice("wasm");
await serve(prepare);
process.exit();

async function prepare(work: Work): Promise<Task<readonly JaxArray[]>> {
  if (work.kind !== "convolution") throw new Error(`jax-js: no work of kind ${work.kind}`);
  return convolution(work);
}

function floats(shape: readonly number[], seed: number, scale?: number): JaxArray {
  return jax.numpy.array(numbers(count(shape), seed, scale)).reshape(shape);
}

async function convolution(work: ConvolutionWork): Promise<Task<readonly JaxArray[]>> {
  const { batch, inputs, outputs, extent, kernel, stride, padding, groups, backward } = work;
  const around = [padding, padding];
  const forward: Convolution = (x, weight) =>
    jax.lax.convGeneralDilated(x, weight, [stride, stride], [around, around], { featureGroupCount: groups });
  const size = extentAfter(work);
  const given = [
    floats([batch, inputs, extent, extent], 1),
    floats([outputs, inputs / groups, kernel, kernel], 2, 0.05),
    ...(backward ? [floats([batch, outputs, size, size], 3)] : []),
  ];
  await jax.blockUntilReady(given);
  const step = jax.jit((x, weight, cotangent) => {
    if (!backward) return [forward(x, weight)];
    const [y, gradients] = jax.vjp(forward, [x, weight]);
    const [gx, gw] = gradients(cotangent);
    gradients.dispose?.();
    return [y, gx, gw];
  });
  const run = async (): Promise<JaxArray[]> => {
    const results = step(...given.map((array) => array.ref));
    await jax.blockUntilReady(results);
    return results;
  };
  const answer = async (results: readonly JaxArray[]): Promise<number[]> => {
    const answers: number[] = [];
    // Reading the data is an array's last use.
    for (const result of results) answers.push(...sampleOf(await result.data()));
    return answers;
  };
  // Tracing and compiling are no part of what is measured.
  await answer(await run());
  return { run, answer };
}
