/**
 * How much a loss at the end of a sequence depends on each state before it.
 *
 * The loss is a random linear function of the last state. Its gradient with respect to the state of step t passes through
 * every step in between, and is multiplied by the Jacobian of each: where these shrink vectors, it vanishes (Hochreiter
 * 1991, Bengio et al. 1994).
 */
import { compile, divide, grad, multiply, norm, randomNormal, stack, sum, type Tensor } from "@sconce/core";
import type { GRUCell, LSTMCell, RNNCell } from "@sconce/layers";

export type Cell = RNNCell | LSTMCell | GRUCell;

/** |dL/dh_t| for t = 1 to T, divided by the last of them; x: [T, N, inputs]. */
export async function gradientNorms(cell: Cell, x: Tensor): Promise<number[]> {
  const measure = compile((input: Tensor, direction: Tensor) => {
    const states = hiddenStates(cell, input);
    const loss = sum(multiply(states[states.length - 1], direction));
    const norms = stack(grad(loss, states).map((gradient) => norm(gradient)));
    return divide(norms, norms.slice([-1]));
  });
  const norms = await measure(x, randomNormal([x.shape[1], cell.weightHH.shape[1]], { seed: 7 }));
  return [...(await norms.data())];
}

/** h_1 to h_T, each [N, hidden]. */
function hiddenStates(cell: Cell, x: Tensor): Tensor[] {
  const step = cell.forward as (x: Tensor, before?: unknown) => Tensor | { readonly hidden: Tensor };
  const states: Tensor[] = [];
  let state: Tensor | { readonly hidden: Tensor } | undefined;
  for (const input of x.split(x.shape[0])) {
    state = step(input.squeeze(0), state);
    states.push("hidden" in state ? state.hidden : state);
  }
  return states;
}
