import { describe, expect, it } from "vitest";
import { type Row, toJson, toSection, toTable, withSection } from "../src/report.ts";
import { thorough } from "../src/timing.ts";

const fast: Row = {
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

describe("toTable", () => {
  it("shows times, ratio, target and whether it is met", () => {
    const [, , first, second, third] = toTable([fast, slow, fixed], thorough).split("\n");
    expect(first.split(/\s{2,}/)).toEqual(["matmul-512", "10.0", "a peer", "61.2", "6.12", "5", "yes"]);
    expect(second).toContain("no");
    expect(second).toContain("theirs: 1 run, 0 warm-ups");
    expect(third.split(/\s{2,}/)).toEqual(["overhead", "0.250", "0.5 ms", "2.00", "1", "yes"]);
  });
});

describe("toJson", () => {
  it("is one line with work, against, ratio and target", () => {
    expect(toJson([fast])).toBe('[{"work":"matmul-512","against":"a peer","ratio":6.123,"target":5}]');
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
