/** Results as a table for people, as JSON for programs, and as a section of RESULTS.md. */
import { formatTable } from "@sconce/core";
import type { Plan, Timing } from "./timing.ts";

interface Subject {
  /** The work's name. */
  readonly work: string;
  readonly title: string;
  readonly against: string;
  /** Absent where the figure is for orientation. */
  readonly target?: number;
}

export interface Measured extends Subject {
  readonly ours: Timing;
  /** Absent where the pair is against a fixed time. */
  readonly theirs?: Timing;
  /** How many times faster than `against`. */
  readonly ratio: number;
  readonly notes?: readonly string[];
}

/** A pair that was not measured, and why. */
export interface Unmeasured extends Subject {
  readonly reason: string;
}

export type Row = Measured | Unmeasured;

interface CountSubject {
  /** The work's name. */
  readonly work: string;
  readonly title: string;
  readonly against: string;
  /** What is counted: "dispatches". */
  readonly quantity: string;
  /** Absent where the figure is for orientation. */
  readonly target?: number;
}

/** A count for one run of a work, of which less is better; or why there is none. */
export type CountRow = CountSubject &
  ({ readonly ours: number; readonly theirs: number } | { readonly reason: string });

const header = ["work", "ours (ms)", "against", "theirs (ms)", "ratio", "target", "met", "note"];

const countHeader = ["work", "count", "ours", "against", "theirs", "ratio", "target", "met"];
const words: readonly string[] = ["work", "against", "note", "count"];

/** One line per row, for a terminal. */
export function toTable(rows: readonly Row[], plan: Plan, counts: readonly CountRow[] = []): string {
  const timed = formatTable(
    header,
    rows.map((row) => cells(row, row.work, plan)),
  );
  const counted = formatTable(
    countHeader,
    counts.map((row) => countCells(row, row.work)),
  );
  return [...(rows.length > 0 ? [timed] : []), ...(counts.length > 0 ? [counted] : [])].join("\n\n");
}

/** `[{ work, against, ratio, target }]`, ratios above 1 meaning faster; `reason` in place of the ratio of what was not measured. */
export function toJson(rows: readonly Row[], counts: readonly CountRow[] = []): string {
  const result = (row: Row | (CountRow & { readonly ratio: number })): object =>
    "reason" in row ? { reason: row.reason } : { ratio: Number(row.ratio.toPrecision(4)) };
  return JSON.stringify([
    ...rows.map((row) => ({
      work: row.work,
      title: row.title,
      against: row.against,
      ...result(row),
      target: row.target,
    })),
    ...counts.map((row) => ({
      work: row.work,
      title: `${row.title}: ${row.quantity}`,
      against: row.against,
      ...result({ ...row, ratio: ratioOf(row) }),
      target: row.target,
    })),
  ]);
}

/** A section of RESULTS.md about one suite. */
export function toSection(
  suite: string,
  rows: readonly Row[],
  plan: Plan,
  facts: string,
  counts: readonly CountRow[] = [],
): string {
  const table = (titles: readonly string[], body: readonly (readonly string[])[]): string[] =>
    body.length > 0 ? [markdownTable(titles, body, (title) => !words.includes(title)), ""] : [];
  return [
    `## ${suite}`,
    "",
    `${facts}. To measure again: \`npm run bench -- ${suite}\`.`,
    "",
    ...table(
      header,
      rows.map((row) => cells(row, row.title, plan)),
    ),
    ...table(
      countHeader,
      counts.map((row) => countCells(row, row.title)),
    ),
  ].join("\n");
}

/** A table of Markdown with its columns aligned, as the repository's formatter leaves it. */
function markdownTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  isNumber: (title: string) => boolean,
): string {
  const widths = titles.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column].length)));
  const line = (entries: readonly string[]): string => `| ${entries.join(" | ")} |`;
  const pad = (entries: readonly string[]): string[] =>
    entries.map((entry, column) =>
      isNumber(titles[column]) ? entry.padStart(widths[column]) : entry.padEnd(widths[column]),
    );
  const rule = titles.map((title, column) =>
    isNumber(title) ? `${"-".repeat(widths[column] - 1)}:` : "-".repeat(widths[column]),
  );
  return [line(pad(titles)), line(rule), ...rows.map((row) => line(pad(row)))].join("\n");
}

/** `document` with the section of the same heading replaced, or added at the end. */
export function withSection(document: string, section: string): string {
  const [heading] = section.split("\n", 1);
  const parts = document.split(/^(?=## )/m);
  const at = parts.findIndex((part) => part.split("\n", 1)[0] === heading);
  if (at < 0) parts.push(section);
  else parts[at] = section;
  return `${parts.map((part) => part.trim()).join("\n\n")}\n`;
}

function cells(row: Row, title: string, plan: Plan): string[] {
  const target = row.target === undefined ? "" : String(row.target);
  if ("reason" in row) return [title, "", row.against, "", "", target, "", `not measured: ${row.reason}`];
  const { against, ours, theirs, ratio, notes = [] } = row;
  return [
    title,
    digits(ours.milliseconds),
    against,
    theirs ? digits(theirs.milliseconds) : "",
    digits(ratio),
    target,
    row.target === undefined ? "" : ratio >= row.target ? "yes" : "no",
    [...notes, ...departures("ours", ours, plan), ...departures("theirs", theirs, plan)].join("; "),
  ];
}

/** How many times less is ours; what nobody needs is even. */
function ratioOf(row: CountRow): number {
  if ("reason" in row || row.ours === row.theirs) return 1;
  return row.theirs / row.ours;
}

function countCells(row: CountRow, title: string): string[] {
  const { quantity, against } = row;
  const target = row.target === undefined ? "" : String(row.target);
  if ("reason" in row) return [title, quantity, "", against, `not counted: ${row.reason}`, "", target, ""];
  const ratio = ratioOf(row);
  const met = row.target === undefined ? "" : ratio >= row.target ? "yes" : "no";
  const shown = Number.isFinite(ratio) ? digits(ratio) : "";
  return [title, quantity, amount(row.ours), against, amount(row.theirs), shown, target, met];
}

/** A count in full, as thousands apart: 1,234,567. */
function amount(value: number): string {
  return value.toLocaleString("en-US");
}

/** How a side was measured, where that falls short of the plan. */
function departures(side: string, timing: Timing | undefined, plan: Plan): string[] {
  if (!timing || (timing.runs >= plan.runs && timing.warmups >= plan.warmups)) return [];
  return [`${side}: ${timing.runs} ${timing.runs === 1 ? "run" : "runs"}, ${timing.warmups} warm-ups`];
}

/** Three significant digits. */
function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
