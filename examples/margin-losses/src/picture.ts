/** The embeddings as one page: a panel per loss, a colour per digit, rays where the classes point. */
import type { Outcome } from "./train.ts";

const colours = [
  "#4269d0",
  "#efb118",
  "#ff725c",
  "#6cc5b0",
  "#3ca951",
  "#ff8ab7",
  "#a463f2",
  "#97bbf5",
  "#9c6b4e",
  "#7d8590",
];
const side = 260;
const header = 46;
const gap = 20;
const columns = 4;

/** A page of its own that needs nothing else. */
export function toPage(outcomes: readonly Outcome[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Eight losses, one embedding</title>
<style>
  body { margin: 32px auto; width: ${width()}px; font: 15px/1.5 system-ui, sans-serif; color: #1f2328; background: #fff; }
  h1 { font-size: 22px; margin: 0; }
  p { margin: 4px 0 20px; color: #59636e; }
</style>
<h1>Eight losses, one embedding</h1>
<p>Held-out handwritten digits, embedded in the plane by one small net. Classes are directions from the origin; each panel has its own scale.</p>
${toPicture(outcomes)}
</html>
`;
}

/** The panels alone. */
export function toPicture(outcomes: readonly Outcome[]): string {
  const height = Math.ceil(outcomes.length / columns) * (side + header + gap) - gap;
  const panels = outcomes.map((outcome, i) => {
    const [x, y] = [(i % columns) * (side + gap), Math.floor(i / columns) * (side + header + gap)];
    return `<g transform="translate(${x} ${y})">${panel(outcome)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width()}" height="${height}" viewBox="0 0 ${width()} ${height}" font-family="system-ui, sans-serif">
${panels.join("\n")}
</svg>`;
}

function width(): number {
  return columns * (side + gap) - gap;
}

function panel({ name, intra, inter, accuracy, points, labels, directions }: Outcome): string {
  const middle = side / 2;
  // Almost all points fill the panel, whatever the few that lie far out.
  const radii = Array.from(labels, (_, i) => Math.hypot(points[2 * i], points[2 * i + 1])).sort((a, b) => a - b);
  const scale = (middle - 30) / radii[Math.floor(0.98 * (radii.length - 1))];
  const limit = middle - 22;
  const at = (angle: number, radius: number): string =>
    `${(middle + radius * Math.cos(angle)).toFixed(1)} ${(middle - radius * Math.sin(angle)).toFixed(1)}`;
  const dots = Array.from(labels, (label, i) => {
    const angle = Math.atan2(points[2 * i + 1], points[2 * i]);
    const radius = Math.min(limit, scale * Math.hypot(points[2 * i], points[2 * i + 1]));
    const [x, y] = at(angle, radius).split(" ");
    return `<circle cx="${x}" cy="${y}" r="2.2" fill="${colours[label]}" fill-opacity="0.75"/>`;
  });
  const rays = directions.map(
    (angle) => `<path d="M${at(angle, 6)}L${at(angle, limit)}" stroke="#d1d9e0" stroke-width="0.8"/>`,
  );
  const names = directions.map((angle, digit) => {
    const [x, y] = at(angle, middle - 11).split(" ");
    return `<text x="${x}" y="${y}" dy="0.35em" text-anchor="middle" font-size="12" font-weight="600" fill="${colours[digit]}">${digit}</text>`;
  });
  const facts = `${intra.toFixed(1)}° within, ${inter.toFixed(0)}° between, ${(100 * accuracy).toFixed(0)} % right`;
  return `<text y="15" font-size="15" font-weight="600" fill="#1f2328">${name}</text>
<text y="34" font-size="12" fill="#59636e">${facts}</text>
<g transform="translate(0 ${header})">
<rect width="${side}" height="${side}" rx="8" fill="#f6f8fa"/>
${rays.join("")}
<path d="M${middle - 4} ${middle}h8M${middle} ${middle - 4}v8" stroke="#59636e"/>
${dots.join("")}
${names.join("")}
</g>`;
}
