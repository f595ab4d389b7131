/**
 * What attention looked at, as one HTML file that needs nothing else: a grid per example, one row per character that was
 * written and one column per character of the source. The darker a cell, the more of that step's context came from there.
 */
import type { Written } from "./evaluate.ts";

const cell = 26;
const gutter = 34;

const style = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f5f3, #161514);
  --card: light-dark(#ffffff, #201f1d);
  --line: light-dark(#e4e2de, #34322f);
  --ink: light-dark(#1f1d1a, #ece9e4);
  --faint: light-dark(#6d6963, #a09a91);
  --weight: light-dark(#2f6fde, #6aa5ff);
  --wrong: light-dark(#c93a2f, #ff7d6e);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 3rem 1.5rem; display: grid; gap: 1.25rem; grid-template-columns: repeat(2, minmax(0, 1fr)); }
header, footer { grid-column: 1 / -1; }
h1 { margin: 0 0 0.5rem; font-size: 2rem; line-height: 1.2; letter-spacing: -0.02em; }
h2 { margin: 0; font-size: 1.05rem; }
h2 span, header p, footer { color: var(--faint); font-weight: 400; }
p { margin: 0; max-width: 46rem; }
footer { font-size: 0.9rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem 1.5rem; display: grid; gap: 0.75rem; align-content: start; }
svg { display: block; max-width: 100%; height: auto; font: 15px ui-monospace, monospace; }
svg text { fill: var(--ink); text-anchor: middle; dominant-baseline: central; }
.frame { fill: none; stroke: var(--line); }
.weight { fill: var(--weight); }
.wrong { color: var(--wrong); }
svg .wrong { fill: var(--wrong); }
@media (max-width: 52rem) { main { grid-template-columns: minmax(0, 1fr); padding: 1.5rem 1rem; } }
@media print { body { background: none; } section { break-inside: avoid; } }
`;

/** The page with one grid per result; results without weights are left out. */
export function renderAttention(task: string, results: readonly Written[]): string {
  const sections = results
    .filter(({ weights }) => weights)
    .map((result) => {
      const verdict =
        result.written === result.target ? "" : ` <span class="wrong">not ${escape(result.target)}</span>`;
      const title = `${escape(result.source)} <span>→</span> ${escape(result.written)}${verdict}`;
      return `<section><h2>${title}</h2>${attentionMap(result)}</section>`;
    });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Attention: ${escape(task)}</title>
<style>${style}</style>
<main>
<header>
<h1>What attention looks at: ${escape(task)}</h1>
<p>Held-out examples. Each row is a character that the decoder wrote, each column one that it was given. The stronger the
colour, the more of the row's context came from that column; a row adds up to one.</p>
</header>
${sections.join("\n")}
<footer>Made by Sconce. Attention: Bahdanau et al. 2015.</footer>
</main>
</html>
`;
}

/** One grid as SVG. */
export function attentionMap({ source, target, written, weights = [] }: Written): string {
  const [width, height] = [gutter + source.length * cell + 1, gutter + written.length * cell + 1];
  const columns = [...source].map((character, s) => label(character, gutter + (s + 0.5) * cell, gutter / 2));
  const rows = [...written].map((character, t) =>
    label(character, gutter / 2, gutter + (t + 0.5) * cell, character !== target[t]),
  );
  const cells = [...written].flatMap((to, t) =>
    [...source].map((from, s) => {
      const weight = weights[t][s];
      if (weight < 0.005) return "";
      const [x, y] = [gutter + s * cell, gutter + t * cell];
      return (
        `<rect class="weight" x="${x}" y="${y}" width="${cell}" height="${cell}" fill-opacity="${weight.toFixed(2)}">` +
        `<title>${escape(to)} from ${escape(from)}: ${Math.round(100 * weight)} %</title></rect>`
      );
    }),
  );
  const frame = `<rect class="frame" x="${gutter}" y="${gutter}" width="${source.length * cell}" height="${written.length * cell}"/>`;
  return (
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="Attention from ${escape(written)} to ${escape(source)}">` +
    `${cells.join("")}${frame}${columns.join("")}${rows.join("")}</svg>`
  );
}

/** A character, with a space made visible. */
function label(character: string, x: number, y: number, wrong = false): string {
  return `<text${wrong ? ' class="wrong"' : ""} x="${x}" y="${y}">${character === " " ? "␣" : escape(character)}</text>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
