/**
 * The peak of WebAssembly's fused multiply-add: as many of them as a work has, on registers alone, shared between threads.
 * usage: node wasm-peak.js THREADS
 *
 * The module is assembled here, byte by byte: a loop over 12 sums of 4 lanes, enough of them to hide an instruction's
 * latency and few enough to stay in registers. Each thread waits for a number of turns in shared memory.
 */
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { operationsOf, type Work } from "../workloads.ts";
import { serve, type Task, Unavailable } from "./serve.ts";

const sums = 12;
/** Multiply-adds to each sum in a turn of the loop. */
const unrolled = 4;
const operationsPerTurn = sums * unrolled * 4 * 2;

/** Shared between the threads, as int32: the number of the request, threads that are done with it, turns for each. */
const [request, done, turns] = [0, 1, 2];

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

function section(id: number, ...content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

/** The module: one function, "run", that takes the turns and returns the sum of all lanes 0, so that none is dead. */
function assemble(): Uint8Array<ArrayBuffer> {
  const get = (local: number): number[] => [0x20, local];
  const set = (local: number): number[] => [0x21, local];
  const simd = (opcode: number, ...immediates: readonly number[]): number[] => [0xfd, ...leb(opcode), ...immediates];
  const each = (emit: (sum: number) => readonly number[]): number[] =>
    Array.from({ length: sums }, (_, i) => emit(i + 1)).flat();
  // f32.const as f32x4.splat; locals are the turns, the sums, and the two factors, which the sums start from.
  const half = [0x43, 0, 0, 0, 0x3f, ...simd(0x13)];
  const [left, right] = [sums + 1, sums + 2];
  const multiplyAdd = each((sum) => [...get(left), ...get(right), ...get(sum), ...simd(0x105), ...set(sum)]);
  const body = [
    ...[1, ...leb(sums + 2), 0x7b],
    ...[...half, ...set(left), ...half, ...set(right)],
    ...[0x03, 0x40],
    ...Array.from({ length: unrolled }, () => multiplyAdd).flat(),
    ...[...get(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b],
    ...[...get(1), ...each((sum) => (sum === 1 ? [] : [...get(sum), ...simd(0xe4)])), ...simd(0x1f, 0), 0x0b],
  ];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 1, 0x7f, 1, 0x7d),
    ...section(3, 1, 0),
    ...section(7, 1, 3, 0x72, 0x75, 0x6e, 0, 0),
    ...section(10, 1, ...leb(body.length), ...body),
  ]);
}

/** The loop, run often enough that the engine's optimizing compiler has seen to it. */
async function open(): Promise<(turns: number) => number> {
  const { instance } = await WebAssembly.instantiate(assemble());
  const run = instance.exports.run as (turns: number) => number;
  for (let i = 0; i < 300; i++) run(10_000);
  return run;
}

if (isMainThread) await main(Number(process.argv[2] ?? 1));
else await help(workerData as Int32Array);

async function main(threads: number): Promise<void> {
  const control = new Int32Array(new SharedArrayBuffer(12));
  let run: ((turns: number) => number) | undefined;
  const prepare = async (work: Work): Promise<Task> => {
    const operations = operationsOf(work);
    if (operations === undefined) throw new Error(`wasm-peak: no work of kind ${work.kind}`);
    if (!WebAssembly.validate(assemble())) throw new Unavailable("this engine has no fused multiply-add");
    run ??= await openAll(threads, control);
    const share = Math.ceil(operations / operationsPerTurn / threads);
    return { run: () => together(run as NonNullable<typeof run>, control, threads, share), answer: () => [] };
  };
  await serve(prepare);
  process.exit();
}

/** Starts the helping threads, and waits until they are ready. */
async function openAll(threads: number, control: Int32Array): Promise<(turns: number) => number> {
  for (let i = 1; i < threads; i++) new Worker(new URL(import.meta.url), { workerData: control });
  const run = await open();
  for (let i = 0; i < 20; i++) together(run, control, threads, 100_000);
  return run;
}

/** Runs `share` turns on every thread, and waits for all. */
function together(run: (turns: number) => number, control: Int32Array, threads: number, share: number): void {
  control[turns] = share;
  Atomics.store(control, done, 0);
  Atomics.add(control, request, 1);
  Atomics.notify(control, request);
  run(share);
  for (let ready = 0; ready < threads - 1; ready = Atomics.load(control, done)) Atomics.wait(control, done, ready, 1);
}

/** A helping thread: takes part in each request. */
async function help(control: Int32Array): Promise<void> {
  const run = await open();
  for (let seen = 0; ; seen++) {
    Atomics.wait(control, request, seen);
    run(control[turns]);
    Atomics.add(control, done, 1);
    Atomics.notify(control, done);
  }
}
