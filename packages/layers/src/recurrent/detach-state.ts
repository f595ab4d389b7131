/**
 * Truncated back-propagation through time (Williams and Peng 1990): a long sequence is cut into chunks, and each chunk
 * starts from the last state of the one before, through which no gradient flows.
 *
 * A state that a function under `compile` returned is detached already; this is for loops without it, and for chunks
 * within one step.
 */
import { stopGradient, Tensor } from "@sconce/core";
import type { LSTMState } from "./lstm-cell.ts";

/** A recurrent layer's state as a constant to differentiation. */
export function detachState(state: Tensor): Tensor;
export function detachState(state: LSTMState): { hidden: Tensor; cell: Tensor };
export function detachState(state: Tensor | LSTMState): Tensor | { hidden: Tensor; cell: Tensor } {
  if (state instanceof Tensor) return stopGradient(state);
  return { hidden: stopGradient(state.hidden), cell: stopGradient(state.cell) };
}
