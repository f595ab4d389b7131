/** Progress while training: a bar where there is a terminal, a line per epoch elsewhere. */
import type { Writable } from "node:stream";
import { Presets, SingleBar } from "cli-progress";
import { count, duration, percent } from "./format.ts";
import type { TrainingListener, TrainingOptions } from "./train.ts";

export interface Progress extends TrainingListener {
  /** Ends the bar. */
  stop(): void;
}

interface Terminal extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Progress on the error stream when that is a terminal, else through `print`. */
export function createProgress(options: TrainingOptions, stream: Terminal, print: (line: string) => void): Progress {
  return stream.isTTY ? createBar(options, stream) : createLines(options, print);
}

/** Measures how fast steps go. */
function createClock(batchSize: number): (steps: number, totalSteps: number) => { speed: string; left: string } {
  const start = performance.now();
  return (steps, totalSteps) => {
    const seconds = (performance.now() - start) / 1000;
    return { speed: count((steps * batchSize) / seconds), left: duration((seconds / steps) * (totalSteps - steps)) };
  };
}

function createBar({ epochs, batchSize }: TrainingOptions, stream: Terminal): Progress {
  const clock = createClock(batchSize);
  const bar = new SingleBar(
    {
      stream,
      format: "epoch {epoch}/{epochs} {bar} loss {loss}  accuracy {accuracy}  {speed} images/s  {left} left",
      barsize: Math.max(8, Math.min(32, (stream.columns ?? 80) - 72)),
      hideCursor: true,
      // The job handles Ctrl-C itself.
      gracefulExit: false,
      stopOnComplete: true,
    },
    Presets.shades_classic,
  );
  const stop = (): void => bar.stop();
  // Leaving at once must not leave the cursor hidden.
  process.once("exit", stop);
  return {
    step: ({ steps, totalSteps, epoch, means }): void => {
      const shown = {
        epoch,
        epochs,
        loss: means.loss.toFixed(3),
        accuracy: percent(means.accuracy),
        ...clock(steps, totalSteps),
      };
      if (bar.getTotal() !== totalSteps) bar.start(totalSteps, steps, shown);
      else bar.update(steps, shown);
    },
    stop: (): void => {
      process.off("exit", stop);
      stop();
    },
  };
}

function createLines({ epochs, batchSize }: TrainingOptions, print: (line: string) => void): Progress {
  const clock = createClock(batchSize);
  let pace = { speed: "", left: "" };
  return {
    step: ({ steps, totalSteps }): void => {
      pace = clock(steps, totalSteps);
    },
    epoch: ({ epoch, training, test }): void => {
      const place = `${String(epoch).padStart(String(epochs).length)}/${epochs}`;
      const show = ({ loss, accuracy }: { loss: number; accuracy: number }): string =>
        `loss ${loss.toFixed(3)}, accuracy ${percent(accuracy).padStart(7)}`;
      print(
        `epoch ${place}  training: ${show(training)}  test: ${show(test)}  ${pace.speed} images/s, ${pace.left} left`,
      );
    },
    stop: (): void => {},
  };
}
