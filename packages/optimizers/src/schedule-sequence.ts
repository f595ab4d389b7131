/** One schedule after another (`SequentialLR` of PyTorch): each counts its steps from its own start. */
import { ArgumentError } from "@sconce/core";
import { checkMilestones, checkStep, Schedule } from "./schedule.ts";

export interface ScheduleSequenceOptions {
  /** The steps at which the second schedule begins, the third, and so on. */
  readonly milestones: readonly number[];
}

/** Schedules in turn: `new ScheduleSequence([warmup, annealing], { milestones: [5] })`. */
export class ScheduleSequence extends Schedule {
  readonly #schedules: readonly Schedule[];
  readonly #milestones: readonly number[];

  constructor(schedules: readonly Schedule[], { milestones }: ScheduleSequenceOptions) {
    super();
    if (schedules.length !== milestones.length + 1) {
      throw new ArgumentError(
        `ScheduleSequence: ${schedules.length} schedules with ${milestones.length} milestones; give a milestone between each two.`,
      );
    }
    checkMilestones("ScheduleSequence", milestones);
    [this.#schedules, this.#milestones] = [[...schedules], [...milestones]];
  }

  at(step: number): number {
    checkStep("ScheduleSequence", step);
    const current = this.#milestones.filter((at) => at <= step).length;
    return this.#schedules[current].at(step - (this.#milestones[current - 1] ?? 0));
  }
}
