/** Curves over time on a logarithmic scale, as SVG. Colours are the page's CSS variables, so they follow its theme. */

export interface Curve {
  readonly name: string;
  /** A CSS colour. */
  readonly color: string;
  /** One positive number per step. */
  readonly values: readonly number[];
}

export interface ChartOptions {
  /** The powers of ten at the bottom and at the top. */
  readonly range: readonly [number, number];
  /** What the picture shows, for those who do not see it. */
  readonly title: string;
}

const [width, height] = [520, 340];
const margin = { left: 56, right: 16, top: 12, bottom: 46 };

/** The powers of ten that enclose all values, the lower one a multiple of five and at least 10^-40. */
export function powersAround(curves: readonly Curve[]): [number, number] {
  const all = curves.flatMap(({ values }) => values).filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...all)) / 5) * 5;
  return [Math.max(-40, low), Math.max(0, Math.ceil(Math.log10(Math.max(...all))))];
}

/** Line chart of `curves` over steps 1 to T. */
export function chart(curves: readonly Curve[], { range: [low, high], title }: ChartOptions): string {
  const steps = curves[0].values.length;
  const x = (step: number): number => margin.left + ((step - 1) / (steps - 1)) * (width - margin.left - margin.right);
  const y = (power: number): number =>
    margin.top + ((high - Math.max(low, power)) / (high - low)) * (height - margin.top - margin.bottom);
  const powers = ticks(low, high, high - low > 20 ? 10 : high - low > 8 ? 5 : 2);
  const times = [1, ...ticks(1, steps, Math.max(1, Math.round(steps / 5)))].filter((t, i, all) => all.indexOf(t) === i);
  const rows = powers.map(
    (power) =>
      `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${round(y(power))}" y2="${round(y(power))}"/>` +
      `<text text-anchor="end" x="${margin.left - 8}" y="${round(y(power) + 4)}">${powerOfTen(power)}</text>`,
  );
  const columns = times.map(
    (t) => `<text text-anchor="middle" x="${round(x(t))}" y="${height - margin.bottom + 20}">${t}</text>`,
  );
  const lines = curves.map(({ name, color, values }) => {
    const points = values.flatMap((value, i) =>
      value > 0 && Math.log10(value) >= low ? [`${round(x(i + 1))},${round(y(Math.log10(value)))}`] : [],
    );
    return `<polyline class="curve" stroke="${color}" points="${points.join(" ")}"><title>${name}</title></polyline>`;
  });
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">${rows.join("")}${columns.join("")}` +
    `<text text-anchor="middle" x="${round(x((1 + steps) / 2))}" y="${height - 6}">step t</text>${lines.join("")}</svg>`
  );
}

/** The multiples of `step` from `low` to `high`. */
function ticks(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

function powerOfTen(power: number): string {
  return power === 0 ? "1" : `10<tspan class="power" dy="-5">${power < 0 ? "−" : ""}${Math.abs(power)}</tspan>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
