/** The entry: arguments in, exit code out. 0: done, 1: failed, 2: wrong arguments, 130: interrupted. */
import { BackendError } from "@sconce/core";
import { type JobOptions, parseArguments, UsageError, usage } from "./arguments.ts";
import { interruptedExitCode, listenForInterrupt } from "./interrupt.ts";
import { runJob } from "./job.ts";

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseArguments(args);
    if (options === "help") {
      console.log(usage);
      return 0;
    }
    return await run(options);
  } catch (error) {
    if (error instanceof UsageError || error instanceof BackendError) {
      console.error(`${error.message}\nRun with --help for the options.`);
      return 2;
    }
    console.error(error);
    return 1;
  }
}

async function run(options: JobOptions): Promise<number> {
  const signal = listenForInterrupt(() => console.error("\nStopping after this step; Ctrl-C again leaves at once."));
  const colors = process.stdout.isTTY === true && process.stdout.hasColors();
  await runJob(options, { print: (line) => console.log(line), signal, colors });
  return signal.aborted ? interruptedExitCode : 0;
}

process.exitCode = await main(process.argv.slice(2));
