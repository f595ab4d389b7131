/**
 * One layer over a sequence, in one direction.
 *
 * Where a sequence is over, its state stays as it is and its output is zero. The reverse direction thereby keeps its
 * initial state until it comes to each sequence's own last step, so no sequence has to be turned around.
 */
import { narrow, reshape, stack, type Tensor, unsqueeze, where } from "@sconce/core";

/** The parts of a state [N, H] after one step, from the step's slice [N, ...] of each sequence; the first part is the output. */
export type Step = (inputs: readonly Tensor[], state: readonly Tensor[]) => readonly Tensor[];

export interface Unrolled {
  /** [T, N, H]. */
  readonly output: Tensor;
  /** The parts of the last state, [N, H] each. */
  readonly state: readonly Tensor[];
}

/** Runs `step` over `sequences` [T, N, ...] from `initial`; `running` [T, N] is false where a sequence is over. */
export function unroll(
  step: Step,
  sequences: readonly Tensor[],
  initial: readonly Tensor[],
  { reverse, running }: { readonly reverse: boolean; readonly running?: Tensor },
): Unrolled {
  const [steps] = sequences[0].shape;
  const outputs: Tensor[] = [];
  let state = initial;
  for (let i = 0; i < steps; i++) {
    const t = reverse ? steps - 1 - i : i;
    const next = step(
      sequences.map((sequence) => at(sequence, t)),
      state,
    );
    const goesOn = running && unsqueeze(at(running, t), -1);
    state = goesOn ? next.map((part, k) => where(goesOn, part, state[k])) : next;
    outputs[t] = state[0];
  }
  const output = stack(outputs);
  return { output: running ? where(unsqueeze(running, -1), output, 0) : output, state };
}

/** Step `t` of a sequence [T, ...]. */
function at(sequence: Tensor, t: number): Tensor {
  return reshape(narrow(sequence, 0, t, 1), sequence.shape.slice(1));
}
