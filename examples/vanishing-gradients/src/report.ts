/** The report: one HTML file that needs nothing else, neither scripts nor the network. */
import { type Curve, chart, powersAround } from "./chart.ts";

export interface Panel {
  readonly title: string;
  readonly text: string;
  readonly curves: readonly Curve[];
}

const style = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f5f3, #161514);
  --card: light-dark(#ffffff, #201f1d);
  --line: light-dark(#e4e2de, #34322f);
  --ink: light-dark(#1f1d1a, #ece9e4);
  --faint: light-dark(#6d6963, #a09a91);
  --rnn: light-dark(#c93a2f, #ff7d6e);
  --gru: light-dark(#2f6fde, #6aa5ff);
  --lstm: light-dark(#d9730d, #ffab4a);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 3rem 1.5rem; display: grid; gap: 1.25rem; grid-template-columns: repeat(2, minmax(0, 1fr)); }
header, footer { grid-column: 1 / -1; }
h1 { margin: 0 0 0.5rem; font-size: 2rem; line-height: 1.2; letter-spacing: -0.02em; }
h2 { margin: 0; font-size: 1.05rem; }
p { margin: 0; max-width: 46rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem 1.5rem; display: grid; gap: 0.75rem; grid-template-rows: auto 1fr auto auto; }
header p, section p, footer { color: var(--faint); }
section p, footer, table { font-size: 0.9rem; }
sub, sup { line-height: 0; }
svg { display: block; width: 100%; height: auto; font-size: 12px; }
svg text { fill: var(--faint); }
svg .power { font-size: 9px; }
.grid { stroke: var(--line); }
.curve { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: 0.3rem 0; border-top: 1px solid var(--line); text-align: right; font-weight: 400; }
tr:first-child > * { border-top: 0; color: var(--faint); }
th:first-child { text-align: left; }
th span::before { content: ""; display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; margin-right: 0.5em; background: var(--color); }
@media (max-width: 52rem) { main { grid-template-columns: minmax(0, 1fr); padding: 1.5rem 1rem; } }
@media print { body { background: none; } section { break-inside: avoid; } }
`;

/** The page with one chart per panel, all on one scale. */
export function renderReport(panels: readonly Panel[]): string {
  const range = powersAround(panels.flatMap(({ curves }) => curves));
  const sections = panels.map(
    ({ title, text, curves }) =>
      `<section><h2>${title}</h2><p>${text}</p>${chart(curves, { range, title: `Gradient norms: ${title}` })}${table(curves)}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Vanishing gradients</title>
<style>${style}</style>
<main>
<header>
<h1>How far gradients reach back</h1>
<p>The norm of the gradient of a loss at the last step with respect to the state h<sub>t</sub>, as a share of that at the
last step. The scale is logarithmic.</p>
</header>
${sections.join("\n")}
<footer>Made by Sconce. Vanishing gradients: Hochreiter 1991, Bengio et al. 1994. LSTM: Hochreiter and Schmidhuber 1997.
GRU: Cho et al. 2014. Biases that remember: Tallec and Ollivier 2018.</footer>
</main>
</html>
`;
}

/** Each curve's colour, name, and values at some distances from the end. */
function table(curves: readonly Curve[]): string {
  const steps = curves[0].values.length;
  const distances = [10, 50, steps - 1].filter((distance) => distance < steps);
  const row = ({ name, color, values }: Curve): string =>
    `<tr><th><span style="--color: ${color}">${name}</span></th>${distances.map((d) => `<td>${written(values[steps - 1 - d])}</td>`).join("")}</tr>`;
  return `<table><tr><th>steps from the end</th>${distances.map((d) => `<td>${d}</td>`).join("")}</tr>${curves.map(row).join("")}</table>`;
}

/** One digit: 0.2, or 5·10⁻¹⁴. */
function written(value: number): string {
  if (value >= 0.01) return value.toPrecision(1);
  const [digit, power] = value.toExponential(0).split("e-");
  return `${digit}·10<sup>−${power}</sup>`;
}
