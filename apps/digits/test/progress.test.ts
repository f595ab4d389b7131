import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { createProgress } from "../src/progress.ts";

const options = { epochs: 10, batchSize: 32, learningRate: 0.005, seed: 0 };

/** A stream that keeps what is written to it. */
function collecting(isTTY: boolean): Writable & { text: string; isTTY: boolean } {
  const stream = new Writable({
    write(chunk, _, done) {
      result.text += chunk;
      done();
    },
  });
  const result = Object.assign(stream, { text: "", isTTY, columns: 100, cursorTo: () => true, clearLine: () => true });
  return result;
}

test("without a terminal, an epoch is a line", () => {
  const stream = collecting(false);
  const lines: string[] = [];
  const progress = createProgress(options, stream, (line) => lines.push(line));
  progress.step?.({ steps: 44, totalSteps: 440, epoch: 1, means: { loss: 0.5, accuracy: 0.8 } });
  progress.epoch?.({ epoch: 1, training: { loss: 0.5, accuracy: 0.8 }, test: { loss: 0.25, accuracy: 1 } });
  progress.stop();
  expect(lines.length).toBe(1);
  expect(lines[0]).toMatch(
    /^epoch {2}1\/10 {2}training: loss 0\.500, accuracy {2}80\.0 % {2}test: loss 0\.250, accuracy 100\.0 % {2}[\d,]+ images\/s, [\d.]+ s left$/,
  );
  expect(stream.text).toBe("");
});

test("on a terminal, there is a bar", () => {
  const stream = collecting(true);
  const lines: string[] = [];
  const progress = createProgress(options, stream, (line) => lines.push(line));
  progress.step?.({ steps: 1, totalSteps: 2, epoch: 1, means: { loss: 0.5, accuracy: 0.8 } });
  progress.step?.({ steps: 2, totalSteps: 2, epoch: 1, means: { loss: 0.25, accuracy: 0.9 } });
  progress.stop();
  expect(stream.text).toContain("epoch 1/10 ");
  expect(stream.text).toMatch(/loss 0\.250 {2}accuracy 90\.0 % {2}[\d,]+ images\/s {2}0\.0 s left/);
  expect(lines).toEqual([]);
});
