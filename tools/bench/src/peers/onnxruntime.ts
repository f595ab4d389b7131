/**
 * ONNX Runtime: inference only. usage: node onnxruntime.js node|web THREADS FOLDER, or for WebGPU node onnxruntime.js
 * webgpu MODE FOLDER (see dawn.ts), where FOLDER holds its node_modules
 *
 * The graph is optimized as far as it goes, with the parameters as constants in it.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { sampleOf } from "../answer.ts";
import { count } from "../layers.ts";
import { layersOf } from "../networks.ts";
import { numbers } from "../numbers.ts";
import type { Work } from "../workloads.ts";
import { type GpuMode, provideGpu } from "./dawn.ts";
import { onnxModel } from "./onnx.ts";
import { serve, type Task } from "./serve.ts";

interface OrtTensor {
  readonly data: Float32Array;
}

type Results = Readonly<Record<string, OrtTensor>>;

interface Session {
  run(feeds: Results): Promise<Results>;
}

/** What is used of onnxruntime-node and onnxruntime-web, which are installed only when they are measured. */
interface OnnxRuntime {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => OrtTensor;
}

const providers: Readonly<Record<string, string>> = { node: "cpu", web: "wasm", webgpu: "webgpu" };

const [kind, setting, folder] = process.argv.slice(2);
const threads = kind === "webgpu" ? 1 : Number(setting);
let ort: OnnxRuntime;
await serve(prepare, async () => {
  const meter = kind === "webgpu" ? await provideGpu(setting as GpuMode) : undefined;
  ort = await load();
  if (kind !== "node") ort.env.wasm.numThreads = threads;
  return meter;
});
process.exit();

async function load(): Promise<OnnxRuntime> {
  // Under Node the package offers its build without WebGPU; the one for browsers works there as well.
  const file = "node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs";
  if (kind === "webgpu") return import(pathToFileURL(join(folder, file)).href);
  return createRequire(join(folder, "package.json"))(`onnxruntime-${kind}`) as OnnxRuntime;
}

async function prepare(work: Work): Promise<Task<Results>> {
  if (work.kind !== "inference") throw new Error(`onnxruntime: no work of kind ${work.kind}`);
  const session = await ort.InferenceSession.create(onnxModel(layersOf(work.network), work.shape), {
    executionProviders: [providers[kind]],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
  const x = new ort.Tensor("float32", numbers(count(work.shape), 1), work.shape);
  return { run: () => session.run({ x }), answer: ({ y }) => sampleOf(y.data) };
}
