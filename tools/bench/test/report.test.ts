import { describe, expect, it } from "vitest";
import { type CountRow, type Measured, type Row, toJson, toSection, toTable, withSection } from "../src/report.ts";
import { thorough } from "../src/timing.ts";

const fast: Measured = {
  work: "matmul-512",
  title: "matmul 512 x 512 x 512",
  against: "a peer",
  ours: { milliseconds: 10, runs: 5, warmups: 2 },
  theirs: { milliseconds: 61.234567, runs: 5, warmups: 2 },
  ratio: 6.1234567,
  target: 5,
};
const slow: Row = {
  ...fast,
  work: "conv",
  theirs: { milliseconds: 6000, runs: 1, warmups: 0 },
  ratio: 600,
  target: 1000,
};
const fixed: Row = {
  work: "overhead",
  title: "replay",
  against: "0.5 ms",
  ours: { milliseconds: 0.25, runs: 5, warmups: 2 },
  ratio: 2,
  target: 1,
};

const absent: Row = {
  work: "conv",
  title: "convolution",
  against: "another peer",
  target: 2,
  reason: "it is not here",
};

const counted: readonly CountRow[] = [
  { work: "step", title: "a step", against: "a peer", quantity: "dispatches", ours: 300, theirs: 1500, target: 1 },
  {
    work: "step",
    title: "a step",
    against: "a peer",
    quantity: "bytes",
    ours: 2_000_000,
    theirs: 1_000_000,
    target: 1,
  },
  { work: "step", title: "a step", against: "a peer", quantity: "copies", ours: 0, theirs: 0 },
  { work: "step", title: "a step", against: "another", quantity: "all", reason: "it is not here" },
];

describe("counts", () => {
  it("are a table of their own, in which less is better", () => {
    const [, , more, less, none, missing] = toTable([], thorough, counted).split("\n");
    expect(more.split(/\s{2,}/)).toEqual(["step", "dispatches", "300", "a peer", "1,500", "5.00", "1", "yes"]);
    expect(less.split(/\s{2,}/)).toEqual(["step", "bytes", "2,000,000", "a peer", "1,000,000", "0.500", "1", "no"]);
    expect(none.split(/\s{2,}/)).toEqual(["step", "copies", "0", "a peer", "0", "1.00"]);
    expect(missing).toContain("not counted: it is not here");
    expect(toTable([fast], thorough, counted).split("\n\n")).toHaveLength(2);
  });

  it("are in the section and in the JSON", () => {
    const section = toSection("webgpu", [fast], thorough, "2 cores", counted);
    expect(section.split("\n\n").filter((part) => part.startsWith("|"))).toHaveLength(2);
    expect(JSON.parse(toJson([], counted))).toEqual([
      { work: "step", title: "a step: dispatches", against: "a peer", ratio: 5, target: 1 },
      { work: "step", title: "a step: bytes", against: "a peer", ratio: 0.5, target: 1 },
      { work: "step", title: "a step: copies", against: "a peer", ratio: 1 },
      { work: "step", title: "a step: all", against: "another", reason: "it is not here" },
    ]);
  });
});

describe("toTable", () => {
  it("shows times, ratio, target and whether it is met", () => {
    const [, , first, second, third] = toTable([fast, slow, fixed], thorough).split("\n");
    expect(first.split(/\s{2,}/)).toEqual(["matmul-512", "10.0", "a peer", "61.2", "6.12", "5", "yes"]);
    expect(second).toContain("no");
    expect(second).toContain("theirs: 1 run, 0 warm-ups");
    expect(third.split(/\s{2,}/)).toEqual(["overhead", "0.250", "0.5 ms", "2.00", "1", "yes"]);
  });

  it("says what was not measured, and why", () => {
    const [, , row] = toTable([absent], thorough).split("\n");
    expect(row).toMatch(/^conv\s+another peer\s+2\s+not measured: it is not here$/);
  });

  it("shows notes before departures from the plan, and no verdict without a target", () => {
    const { target: _, ...orientation } = { ...slow, notes: ["channels last"] };
    const [, , row] = toTable([orientation], thorough).split("\n");
    expect(row).toContain("channels last; theirs: 1 run, 0 warm-ups");
    expect(row).not.toMatch(/yes|no/);
  });
});

describe("toJson", () => {
  it("is one line with work, title, against, ratio and target", () => {
    const { work, title, against, target } = fast;
    expect(JSON.parse(toJson([fast]))).toEqual([{ work, title, against, ratio: 6.123, target }]);
  });

  it("has the reason of what was not measured", () => {
    expect(JSON.parse(toJson([absent]))).toEqual([absent]);
  });
});

describe("withSection", () => {
  const section = toSection("cpu", [fast], thorough, "2 cores");

  it("adds a section once and replaces it afterwards", () => {
    const once = withSection("# Results\n\nIntroduction.\n", section);
    expect(once).toBe(`# Results\n\nIntroduction.\n\n${section.trim()}\n`);
    expect(withSection(once, section)).toBe(once);
    expect(withSection(once, toSection("cpu", [fixed], thorough, "2 cores"))).not.toContain("matmul");
  });

  it("leaves the sections of other suites as they are", () => {
    const both = withSection(withSection("# Results\n", section), toSection("wasm", [fixed], thorough, "2 cores"));
    const again = withSection(both, section);
    expect(again).toBe(both);
    expect(again.match(/^## .*$/gm)).toEqual(["## cpu", "## wasm"]);
  });
});
