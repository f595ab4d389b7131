/**
 * Gates that start open for as long as sequences last (Tallec and Ollivier 2018).
 *
 * A gate with bias log(d) forgets about one part in d + 1 per step, so it remembers for some d steps. Units are given
 * times from 1 to T - 1, evenly spread.
 */
import { tensor } from "@sconce/core";
import type { GRUCell, LSTMCell } from "@sconce/layers";

/** Sets the biases of the gate that keeps the state; an LSTM's input gate gets the opposite ones. */
export async function rememberLonger(cell: LSTMCell | GRUCell, steps: number): Promise<void> {
  const values = await cell.stateDict();
  const hidden = cell.weightHH.shape[1];
  const gates = cell.weightHH.shape[0] / hidden;
  const times = Array.from({ length: hidden }, (_, i) => Math.log(1 + ((steps - 2) * (i + 0.5)) / hidden));
  const bias = Float32Array.from(values.bias_ih.data as Float32Array);
  const other = Float32Array.from(values.bias_hh.data as Float32Array);
  // Both have the gate that keeps the state second: i f g o, and r z n.
  bias.set(times, hidden);
  other.fill(0, hidden, 2 * hidden);
  if (gates === 4) {
    bias.set(
      times.map((time) => -time),
      0,
    );
    other.fill(0, 0, hidden);
  }
  cell.loadStateDict({ ...values, bias_ih: tensor(bias), bias_hh: tensor(other) });
}
