/** The command line: options with defaults, and errors that say what was expected. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { TrainingOptions } from "./train.ts";

export interface JobOptions extends TrainingOptions {
  /** Where the report goes. */
  readonly report: string;
  /** The backend's name; undefined for the fastest that opens. */
  readonly backend: string | undefined;
  /** Whether only the last line is printed. */
  readonly quiet: boolean;
}

/** What is wrong with the command line. */
export class UsageError extends Error {}

export const usage = `usage: npm start -- [options]

Trains a small residual network to read handwritten digits, tests it, and writes a report.

  --epochs N         times to go through the training images (default 12)
  --batch-size N     images per step, 1 to 1437 (default 32)
  --learning-rate X  the highest of the schedule (default 0.005)
  --seed N           of the first weights and of the order of the images (default 0)
  --report FILE      where to write the report (default sconce-digits-report.html)
  --backend NAME     the backend to run on (default: the fastest that opens)
  --quiet            print the last line only
  --help             print this`;

/** The options that the arguments stand for, or "help". Throws UsageError. */
export function parseArguments(args: readonly string[]): JobOptions | "help" {
  const { values } = parse(args);
  if (values.help) return "help";
  return {
    epochs: whole("--epochs", values.epochs, 1),
    batchSize: whole("--batch-size", values["batch-size"], 1, 1437),
    learningRate: positive("--learning-rate", values["learning-rate"]),
    seed: whole("--seed", values.seed, 0),
    report: writable("--report", values.report),
    backend: values.backend,
    quiet: values.quiet,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        epochs: { type: "string", default: "12" },
        "batch-size": { type: "string", default: "32" },
        "learning-rate": { type: "string", default: "0.005" },
        seed: { type: "string", default: "0" },
        report: { type: "string", default: "sconce-digits-report.html" },
        backend: { type: "string" },
        quiet: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function whole(option: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new UsageError(`${option} is ${JSON.stringify(text)}; give a whole number ${range}.`);
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw new UsageError(`${option} is ${JSON.stringify(text)}; give a number above 0, such as 0.005.`);
}

/** Refuses at the start what could not be written at the end. */
function writable(option: string, path: string): string {
  const folder = dirname(resolve(path));
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`${option} is ${JSON.stringify(path)}; there is no folder ${folder}.`);
  }
  if (path === "" || statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`${option} is ${JSON.stringify(path)}; give the name of a file.`);
  }
  return path;
}
