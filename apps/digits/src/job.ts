/** The job from start to end: choose a backend, train, test, print, write the report. */
import { setSeed } from "@sconce/core";
import type { JobOptions } from "./arguments.ts";
import { chooseBackend, describeBackends } from "./backend.ts";
import { confusionMatrix, formatConfusionMatrix } from "./confusion-matrix.ts";
import { type DigitSet, digitSets } from "./digit-sets.ts";
import { count, duration, percent } from "./format.ts";
import { createModel } from "./model.ts";
import { createProgress } from "./progress.ts";
import { renderReport } from "./report/report.ts";
import { writeAtomically } from "./report/write-atomically.ts";
import { type TrainingResult, train } from "./train.ts";

/** What the job uses of its surroundings. */
export interface Surroundings {
  print(line: string): void;
  readonly signal?: AbortSignal;
  /** Whether printed lines may have colours. */
  readonly colors?: boolean;
  /** Other images than the embedded ones. */
  readonly sets?: { readonly training: DigitSet; readonly test: DigitSet };
}

/** Runs the job; the last line it prints is the test accuracy, whatever happened to the report. */
export async function runJob(options: JobOptions, surroundings: Surroundings): Promise<TrainingResult> {
  const { signal, colors = false, sets = digitSets() } = surroundings;
  const print = (line: string): void => {
    if (!options.quiet) surroundings.print(line);
  };
  const backend = await chooseBackend(options.backend);
  for (const line of await describeBackends(backend)) print(line);

  setSeed(options.seed);
  const model = createModel();
  const parameters = model
    .parameters()
    .reduce((sum, { shape }) => sum + shape.reduce((size, extent) => size * extent, 1), 0);
  print(
    `${count(sets.training.length)} images to train on, ${count(sets.test.length)} to test, ${count(parameters)} parameters, seed ${options.seed}`,
  );

  const start = performance.now();
  const progress = options.quiet ? undefined : createProgress(options, process.stderr, print);
  const result = await train(model, sets, options, { listener: progress, signal }).finally(() => progress?.stop());
  const seconds = (performance.now() - start) / 1000;

  const { evaluation } = result;
  print(`${result.interrupted ? "interrupted" : "trained"} after ${duration(seconds)}\n`);
  print(`${formatConfusionMatrix(confusionMatrix(evaluation.predictions), { colors })}\n`);
  try {
    await writeAtomically(
      options.report,
      renderReport({ options, backend: backend.name, parameters, seconds, finished: new Date(), result }),
    );
    print(`report: ${options.report}`);
  } finally {
    surroundings.print(`test accuracy: ${percent(evaluation.accuracy)}`);
  }
  return result;
}
