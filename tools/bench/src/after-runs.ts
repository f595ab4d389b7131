/** What is found in a process that has run a work some times. */
import { commandOf, type Places } from "./measure.ts";
import { Child } from "./peers/child.ts";
import { Unavailable } from "./peers/serve.ts";
import type { Participant } from "./suites/suite.ts";

/** What `find` finds, or the reason why it is not to be had here. */
export async function afterRuns<Found>(
  participant: Participant,
  work: string,
  runs: number,
  places: Places,
  find: (child: Child) => Found | Promise<Found>,
): Promise<Found | { readonly reason: string }> {
  const child = new Child(participant.name, commandOf(participant, places));
  try {
    for (let i = 0; i < runs; i++) await child.run(work, false);
    return await find(child);
  } catch (error) {
    if (error instanceof Unavailable) return { reason: error.message };
    throw error;
  } finally {
    await child.close();
  }
}
