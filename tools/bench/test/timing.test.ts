import { describe, expect, it } from "vitest";
import { alternate, median, type Plan, type Side } from "../src/timing.ts";

const plan: Plan = { warmups: 2, runs: 5, window: 0, maximumRuns: 10, turn: 0, budget: 1000 };

/** A side whose runs take the given times, the last of them forever after, and which notes its turns. */
function side(name: string, turns: string[], ...times: readonly number[]): Side {
  let next = 0;
  return async () => {
    turns.push(name);
    const milliseconds = times[Math.min(next++, times.length - 1)];
    return { milliseconds, answer: [next] };
  };
}

describe("median", () => {
  it("is the middle value, or the mean of the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});

describe("alternate", () => {
  it("takes turns, and leaves warm-ups out", async () => {
    const turns: string[] = [];
    const [ours, peer] = await alternate(
      [side("ours", turns, 90, 80, 1), side("peer", turns, 70, 60, 3)],
      plan,
      () => {},
    );
    expect(turns.join(" ")).toBe(Array(7).fill("ours peer").join(" "));
    expect(ours).toEqual({ milliseconds: 1, runs: 5, warmups: 2 });
    expect(peer).toEqual({ milliseconds: 3, runs: 5, warmups: 2 });
  });

  it("makes several runs a turn where they fit, and does not measure the first of them", async () => {
    const turns: string[] = [];
    const firsts: boolean[] = [];
    const peer = side("peer", turns, 40);
    const noted: Side = (first) => {
      firsts.push(first);
      return peer(first);
    };
    const [ours] = await alternate(
      [side("ours", turns, 9, 5, 5, 9, 5, 5, 9, 5, 5, 9, 5), noted],
      { ...plan, turn: 18, budget: 10_000 },
      () => {},
    );
    expect(turns.slice(0, 8).join(" ")).toBe("ours ours ours peer ours ours ours peer");
    expect(ours).toEqual({ milliseconds: 5, runs: 5, warmups: 2 });
    expect(firsts).not.toContain(false);
  });

  it("runs on until the window is full, or there are enough runs", async () => {
    const [filled] = await alternate([side("ours", [], 10)], { ...plan, window: 75 }, () => {});
    expect(filled.runs).toBe(8);
    const [capped] = await alternate([side("ours", [], 0.01)], { ...plan, window: 75 }, () => {});
    expect(capped.runs).toBe(10);
  });

  it("keeps a slow side within its budget, and goes on with the other", async () => {
    const turns: string[] = [];
    const [ours, peer] = await alternate([side("ours", turns, 1), side("peer", turns, 400)], plan, () => {});
    expect(ours.runs).toBe(5);
    expect(peer).toEqual({ milliseconds: 400, runs: 2, warmups: 0 });
    expect(turns.slice(0, 5)).toEqual(["ours", "peer", "ours", "peer", "ours"]);
  });

  it("measures even what takes more than the budget, once and without a warm-up", async () => {
    const [peer] = await alternate([side("peer", [], 65_000)], plan, () => {});
    expect(peer).toEqual({ milliseconds: 65_000, runs: 1, warmups: 0 });
  });

  it("shows the answers of each run that both sides did", async () => {
    const rounds: unknown[] = [];
    await alternate([side("ours", [], 1), side("peer", [], 400)], plan, (answers) => rounds.push(answers));
    expect(rounds).toEqual([
      [[1], [1]],
      [[2], [2]],
    ]);
  });
});
