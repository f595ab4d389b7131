/** The report: one HTML file that needs nothing else, neither scripts nor the network. */
import type { JobOptions } from "../arguments.ts";
import { confusionMatrix } from "../confusion-matrix.ts";
import type { Prediction } from "../evaluate.ts";
import { count, duration, percent } from "../format.ts";
import type { TrainingResult } from "../train.ts";
import { accuracyChart, confusionChart, lossChart } from "./charts.ts";
import { predictionFigure } from "./images.ts";
import { style } from "./style.ts";

/** What a report tells of. */
export interface Run {
  readonly options: JobOptions;
  readonly backend: string;
  /** How many numbers were trained. */
  readonly parameters: number;
  readonly seconds: number;
  readonly finished: Date;
  readonly result: TrainingResult;
}

/** More wrong images than these are counted, not drawn. */
const drawn = 48;

export function renderReport(run: Run): string {
  const { epochs, evaluation, interrupted } = run.result;
  const { accuracy, predictions } = evaluation;
  const right = predictions.filter(({ label, predicted }) => label === predicted).length;
  const key = `<span class="key"><span style="--color: var(--training)">training</span><span style="--color: var(--test)">test</span></span>`;
  const chart = (draw: (results: typeof epochs) => string): string =>
    epochs.length > 0 ? draw(epochs) : `<p class="quiet">No epoch was completed.</p>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Handwritten digits: ${percent(accuracy)}</title>
<style>${style}</style>
<main>
<header>
<h1>Handwritten digits</h1>
<p class="score">${percent(accuracy)}</p>
<p>${count(right)} of ${count(predictions.length)} test images read correctly${interrupted ? ", by a model whose training was interrupted" : ""}</p>
</header>
<section><h2>Loss ${key}</h2>${chart(lossChart)}</section>
<section><h2>Accuracy ${key}</h2>${chart(accuracyChart)}</section>
<section><h2>Confusion matrix</h2>${confusionChart(confusionMatrix(predictions))}</section>
<section><h2>Run</h2>${facts(run)}</section>
<section class="wide">${gallery(run)}</section>
<footer>Made by Sconce. The images are from “Optical Recognition of Handwritten Digits” (E. Alpaydin and C. Kaynak,
<a href="https://doi.org/10.24432/C50P49">UCI Machine Learning Repository</a>), licensed under CC BY 4.0.</footer>
</main>
</html>
`;
}

function facts({ options, backend, parameters, seconds, finished, result }: Run): string {
  const rows: [string, string][] = [
    ["finished", `${finished.toISOString().slice(0, 16).replace("T", " ")} UTC`],
    ["on", `Node ${process.versions.node}, ${process.platform} ${process.arch}`],
    ["backend", backend],
    ["network", "residual, batch normalisation"],
    ["parameters", count(parameters)],
    ["optimizer", "Adam"],
    ["learning rate", `up to ${options.learningRate}`],
    ["batch size", count(options.batchSize)],
    [
      "epochs",
      result.interrupted ? `${result.epochs.length} of ${options.epochs}, interrupted` : count(options.epochs),
    ],
    ["seed", String(options.seed)],
    ["time", duration(seconds)],
    ["speed", `${count((result.steps * options.batchSize) / seconds)} images/s`],
    ["test loss", result.evaluation.loss.toFixed(4)],
  ];
  return `<dl>${rows.map(([name, value]) => `<dt>${name}</dt><dd>${escape(value)}</dd>`).join("")}</dl>`;
}

/** The wrong images, surest first, and the right ones that were least sure. */
function gallery({ result }: Run): string {
  const { predictions } = result.evaluation;
  const wrong = predictions
    .filter(({ label, predicted }) => label !== predicted)
    .sort((a, b) => b.probability - a.probability);
  const unsure = predictions
    .filter(({ label, predicted }) => label === predicted)
    .sort((a, b) => a.probability - b.probability)
    .slice(0, 8);
  const figures = (chosen: readonly Prediction[]): string =>
    `<div class="digits">${chosen.map(predictionFigure).join("\n")}</div>`;
  const more = wrong.length > drawn ? ` <span class="quiet">the ${drawn} surest of ${count(wrong.length)}</span>` : "";
  return (
    `<h2>Misread${more}</h2>${wrong.length > 0 ? figures(wrong.slice(0, drawn)) : "<p>None.</p>"}` +
    (unsure.length > 0 ? `<h2>Read, but least surely</h2>${figures(unsure)}` : "")
  );
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
