/** The experiment: three cells on the same random sequences, as they start and with gates that remember. */
import { randomNormal, setSeed } from "@sconce/core";
import { GRUCell, LSTMCell, RNNCell } from "@sconce/layers";
import { type Cell, gradientNorms } from "./gradient-norms.ts";
import { rememberLonger } from "./remember-longer.ts";
import type { Panel } from "./report.ts";

export interface ExperimentOptions {
  readonly steps?: number;
  readonly batch?: number;
  readonly inputs?: number;
  readonly hidden?: number;
}

/** Gradient norms of RNN, GRU and LSTM over `steps` steps, in two panels. */
export async function experiment(options: ExperimentOptions = {}): Promise<Panel[]> {
  const { steps = 100, batch = 16, inputs = 8, hidden = 32 } = options;
  setSeed(0);
  const x = randomNormal([steps, batch, inputs], { seed: 1 });
  const [rnn, gru, lstm] = [new RNNCell(inputs, hidden), new GRUCell(inputs, hidden), new LSTMCell(inputs, hidden)];
  const curves = async (): Promise<Panel["curves"]> => {
    const cells: [string, string, Cell][] = [
      ["RNN", "var(--rnn)", rnn],
      ["GRU", "var(--gru)", gru],
      ["LSTM", "var(--lstm)", lstm],
    ];
    return Promise.all(
      cells.map(async ([name, color, cell]) => ({ name, color, values: await gradientNorms(cell, x) })),
    );
  };
  const asTheyStart = await curves();
  for (const cell of [gru, lstm]) await rememberLonger(cell, steps);
  return [
    {
      title: "As layers start",
      text: "Weights and biases are uniform within 1/√hidden. Gates are half open, and every one of these layers forgets.",
      curves: asTheyStart,
    },
    {
      title: "With gates that start open",
      text: `The biases of the GRU's update gate and of the LSTM's forget gate are log(d), for times d up to ${steps - 1} steps. The RNN has no gate to open. An LSTM passes its memory on in the cell, which h<sub>t</sub> reaches through the gates alone: hence the first drop.`,
      curves: await curves(),
    },
  ];
}
