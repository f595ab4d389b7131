/** The report's charts, as SVG made by Observable Plot. Colours are the page's CSS variables, so they follow its theme. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { ConfusionMatrix } from "../confusion-matrix.ts";
import { percent } from "../format.ts";
import type { EpochResult, Means } from "../train.ts";

const { document } = parseHTML("<!doctype html><html><body></body></html>");

function svg(options: Plot.PlotOptions): string {
  return Plot.plot({ document, style: { fontSize: "12px", overflow: "visible" }, ...options }).outerHTML;
}

/** Loss by epoch on a logarithmic scale. */
export function lossChart(epochs: readonly EpochResult[]): string {
  const losses = epochs.flatMap(({ training, test }) => [training.loss, test.loss]).map(aboveZero);
  const round = [-6, -5, -4, -3, -2, -1, 0, 1, 2].flatMap((power) =>
    [1, 2, 5].map((step) => Number(`${step}e${power}`)),
  );
  const low = round.filter((value) => value <= Math.min(...losses)).at(-1) ?? round[0];
  const high = round.find((value) => value >= Math.max(...losses)) ?? round[round.length - 1];
  const inside = round.filter((value) => value >= low && value <= high);
  return curves(
    epochs,
    ({ loss }) => aboveZero(loss),
    (loss) => loss.toPrecision(3),
    {
      type: "log",
      domain: [low, high],
      label: "loss",
      grid: true,
      ticks: inside.length > 6 ? inside.filter((value) => Number.isInteger(Math.log10(value))) : inside,
      tickFormat: "~g",
    },
  );
}

/** A logarithm is wanted of it. */
function aboveZero(loss: number): number {
  return Math.max(loss, 1e-6);
}

/** Accuracy by epoch. */
export function accuracyChart(epochs: readonly EpochResult[]): string {
  const lowest = Math.min(...epochs.flatMap(({ training, test }) => [training.accuracy, test.accuracy]));
  const domain = [Math.min(90, Math.floor(10 * lowest) * 10), 100];
  return curves(
    epochs,
    ({ accuracy }) => 100 * accuracy,
    (value) => `${value.toFixed(1)} %`,
    {
      domain,
      label: "accuracy (%)",
      grid: true,
      ticks: 5,
    },
  );
}

function curves(
  epochs: readonly EpochResult[],
  value: (means: Means) => number,
  show: (value: number) => string,
  y: Plot.ScaleOptions,
): string {
  const marks = (["training", "test"] as const).flatMap((set) => {
    const points = epochs.map((result) => ({ epoch: result.epoch, value: value(result[set]) }));
    const channels = { x: "epoch", y: "value" };
    return [
      Plot.line(points, { ...channels, stroke: `var(--${set})`, strokeWidth: 2 }),
      Plot.dot(points, {
        ...channels,
        fill: `var(--${set})`,
        r: 3,
        title: (point: { epoch: number; value: number }) => `epoch ${point.epoch}, ${set}: ${show(point.value)}`,
      }),
    ];
  });
  const last = epochs[epochs.length - 1].epoch;
  const every = Math.ceil(last / 12);
  const ticks = epochs.map(({ epoch }) => epoch).filter((epoch) => epoch % every === 0);
  return svg({
    width: 480,
    height: 308,
    marginTop: 32,
    marginLeft: 48,
    marginBottom: 44,
    x: { label: "epoch", labelOffset: 40, ticks, tickFormat: "d" },
    y,
    marks,
  });
}

/** Each digit's predictions as a row of cells: the right ones in one colour, the wrong ones in another. */
export function confusionChart(matrix: ConfusionMatrix): string {
  const cells = matrix.flatMap((row, label) => {
    const total = Math.max(
      1,
      row.reduce((sum, times) => sum + times, 0),
    );
    return row.map((times, predicted) => ({
      label,
      predicted,
      times,
      share: times / total,
      right: label === predicted,
    }));
  });
  type Cell = (typeof cells)[number];
  const strength = ({ times, share, right }: Cell): number => {
    if (times === 0) return 0;
    return right ? 0.2 + 0.8 * share : Math.min(1, 0.7 + share);
  };
  const place = { x: "predicted", y: "label" };
  return svg({
    width: 480,
    height: 468,
    marginLeft: 48,
    marginTop: 4,
    marginBottom: 44,
    x: { label: "predicted", labelOffset: 40, tickSize: 0, padding: 0.06 },
    y: { label: "true", tickSize: 0, padding: 0.06 },
    opacity: { type: "identity" },
    marks: [
      Plot.cell(cells, { ...place, fill: "var(--cell)", rx: 3 }),
      ...[true, false].map((right) =>
        Plot.cell(
          cells.filter((cell) => cell.times > 0 && cell.right === right),
          {
            ...place,
            rx: 3,
            fill: right ? "var(--right)" : "var(--wrong)",
            fillOpacity: strength,
            title: ({ label, predicted, times, share }: Cell) =>
              `${label} read as ${predicted}: ${times} times, ${percent(share)}`,
          },
        ),
      ),
      Plot.text(
        cells.filter(({ times }) => times > 0),
        {
          ...place,
          text: "times",
          fill: (cell: Cell) => (strength(cell) < 0.6 ? "var(--ink)" : "var(--on-color)"),
          fontWeight: 600,
          pointerEvents: "none",
        },
      ),
    ],
  });
}
