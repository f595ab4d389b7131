/** Ctrl-C: once to stop after the step under way, twice to leave at once. */

/** The exit code of a process that Ctrl-C ended. */
export const interruptedExitCode = 130;

/** A signal that the first Ctrl-C aborts, with `onFirst` told of it. */
export function listenForInterrupt(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  process.on("SIGINT", () => {
    if (controller.signal.aborted) process.exit(interruptedExitCode);
    controller.abort();
    onFirst();
  });
  return controller.signal;
}
