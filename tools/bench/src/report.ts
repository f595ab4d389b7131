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

const header = ["work", "ours (ms)", "against", "theirs (ms)", "ratio", "target", "met", "note"];

/** One line per row, for a terminal. */
export function toTable(rows: readonly Row[], plan: Plan): string {
  return formatTable(
    header,
    rows.map((row) => cells(row, row.work, plan)),
  );
}

/** `[{ work, against, ratio, target }]`, ratios above 1 meaning faster; `reason` in place of the ratio of what was not measured. */
export function toJson(rows: readonly Row[]): string {
  return JSON.stringify(
    rows.map((row) => {
      const { title, target } = row;
      const result = "reason" in row ? { reason: row.reason } : { ratio: Number(row.ratio.toPrecision(4)) };
      return { work: row.work, title, against: row.against, ...result, target };
    }),
  );
}

/** A section of RESULTS.md about one suite. */
export function toSection(suite: string, rows: readonly Row[], plan: Plan, facts: string): string {
  const body = rows.map((row) => cells(row, row.title, plan));
  const table = markdownTable(header, body, (title) => !["work", "against", "note"].includes(title));
  return [`## ${suite}`, "", `${facts}. To measure again: \`npm run bench -- ${suite}\`.`, "", table, ""].join("\n");
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

/** How a side was measured, where that falls short of the plan. */
function departures(side: string, timing: Timing | undefined, plan: Plan): string[] {
  if (!timing || (timing.runs >= plan.runs && timing.warmups >= plan.warmups)) return [];
  return [`${side}: ${timing.runs} ${timing.runs === 1 ? "run" : "runs"}, ${timing.warmups} warm-ups`];
}

/** Three significant digits. */
function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
