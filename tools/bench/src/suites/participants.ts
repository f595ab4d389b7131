/** Who is measured, in several suites. */
import type { GpuMode } from "../peers/dawn.ts";
import type { Participant } from "./suite.ts";

function threaded(name: string, threads: number): string {
  return `${name}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

/**
 * glibc told to keep memory that was freed and to ask for huge pages. Where the first touch of a page is dear, as on
 * virtual machines, libraries that give large tensors back after each operation are much slower without.
 */
const keepMemory = {
  MALLOC_MMAP_THRESHOLD_: String(2 ** 32),
  MALLOC_TRIM_THRESHOLD_: String(2 ** 34),
  MALLOC_TOP_PAD_: String(2 ** 26),
  GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
  THP_MEM_ALLOC_ENABLE: "1",
};

/** Sconce on one of its backends. */
export function sconce(backend: string, threads: number): Participant {
  return { name: `backend-${backend}`, script: "sconce", arguments: [backend, String(threads)] };
}

/** Fused multiply-adds of WebAssembly and nothing else: the time that a work's operations take at least. */
export function wasmPeak(threads: number): Participant {
  return { name: threaded("multiply-add peak", threads), script: "wasm-peak", arguments: [String(threads)] };
}

/** TensorFlow.js's WebAssembly backend. */
export function tfjsWasm(threads: number): Participant {
  return {
    name: threaded("tfjs-backend-wasm", threads),
    script: "tfjs",
    arguments: ["wasm", String(threads)],
    packages: "tfjs",
  };
}

/** jax-js's WebAssembly device. */
export function jaxJs(threads: number): Participant {
  return {
    name: threaded("jax-js wasm", threads),
    script: "jax-js",
    arguments: ["wasm", String(threads)],
    packages: "jax-js",
  };
}

/** A library on WebGPU, through Dawn; `mode` is one of `dawn.ts`. */
function onWebGpu(name: string, script: string, packages: string | undefined, mode: GpuMode): Participant {
  const device = script === "webgpu-peak" ? [] : ["webgpu"];
  return { name, script, arguments: [...device, mode], ...(packages !== undefined && { packages }) };
}

/** All who are measured on WebGPU. */
export function webGpuParticipants(
  mode: GpuMode,
): Readonly<Record<"ours" | "peak" | "tfjs" | "jax" | "onnx", Participant>> {
  return {
    ours: onWebGpu("backend-webgpu", "sconce", undefined, mode),
    peak: onWebGpu("multiply-add peak", "webgpu-peak", undefined, mode),
    tfjs: onWebGpu("tfjs-backend-webgpu", "tfjs", "tfjs", mode),
    jax: onWebGpu("jax-js webgpu", "jax-js", "jax-js", mode),
    onnx: onWebGpu("onnxruntime-web webgpu", "onnxruntime", "onnxruntime", mode),
  };
}

/** ONNX Runtime, as WebAssembly or native code. */
export function onnxRuntime(kind: "node" | "web", threads: number): Participant {
  return {
    name: threaded(`onnxruntime-${kind}`, threads),
    script: "onnxruntime",
    arguments: [kind, String(threads)],
    packages: "onnxruntime",
    ...(kind === "node" && { environment: keepMemory }),
  };
}

/** PyTorch on a graphics card of NVIDIA's, in float32 all through. */
export const pytorchCuda: Participant = {
  name: "PyTorch CUDA",
  script: "torch_peer.py",
  arguments: ["1", "cuda"],
  language: "python",
};

/** PyTorch in one of its ways, with the system's memory as it comes. */
export function pytorchWay(threads: number, way: "contiguous" | "channels last"): Participant {
  const { environment, ...all } = pytorch(threads);
  const { OMP_NUM_THREADS, MKL_NUM_THREADS } = environment as Record<string, string>;
  return {
    ...all,
    name: `PyTorch, ${way}`,
    arguments: [String(threads), "cpu", way],
    environment: { OMP_NUM_THREADS, MKL_NUM_THREADS },
  };
}

/** PyTorch, its tensors laid out as suits it best. */
export function pytorch(threads: number): Participant {
  return {
    name: threaded("PyTorch", threads),
    script: "torch_peer.py",
    arguments: [String(threads)],
    language: "python",
    environment: { ...keepMemory, OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) },
  };
}
