/**
 * One time step of each recurrent layer, from the input's share of the gates to the next state.
 *
 * Everything but the product of the state with its weight is element by element, and becomes one kernel. The gates lie
 * side by side, in PyTorch's order.
 */
import { add, matmul, multiply, narrow, relu, sigmoid, subtract, type Tensor, tanh } from "@sconce/core";

/** What a tanh or relu layer is squashed by. */
export type Nonlinearity = "tanh" | "relu";

/** The part of `x` [N, parts H] that belongs to one gate. */
function gate(x: Tensor, index: number, parts: number): Tensor {
  const width = x.shape[1] / parts;
  return narrow(x, 1, index * width, width);
}

/** h' = f(a + h W^T), with a [N, H] the input's share and both biases. */
export function rnnStep(a: Tensor, h: Tensor, weight: Tensor, nonlinearity: Nonlinearity): Tensor {
  const z = add(a, matmul(h, weight, { transposeB: true }));
  return nonlinearity === "tanh" ? tanh(z) : relu(z);
}

/**
 * i, f, g, o = a + h W^T, with a [N, 4 H] the input's share and both biases;
 * c' = sigmoid(f) c + sigmoid(i) tanh(g) and h' = sigmoid(o) tanh(c').
 */
export function lstmStep(a: Tensor, h: Tensor, c: Tensor, weight: Tensor): [h: Tensor, c: Tensor] {
  const gates = add(a, matmul(h, weight, { transposeB: true }));
  const [input, forget, output] = [0, 1, 3].map((index) => sigmoid(gate(gates, index, 4)));
  const next = add(multiply(forget, c), multiply(input, tanh(gate(gates, 2, 4))));
  return [multiply(output, tanh(next)), next];
}

/**
 * r, z, n = a and r', z', n' = h W^T + b, with a [N, 3 H] the input's share and its bias;
 * h' = (1 - u) tanh(n + sigmoid(r + r') n') + u h with u = sigmoid(z + z'). The reset gate acts after the product
 * ("reset after"), as in cuDNN and PyTorch; Cho et al. 2014 reset the state before it.
 */
export function gruStep(a: Tensor, h: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const product = matmul(h, weight, { transposeB: true });
  const b = bias ? add(product, bias) : product;
  const [reset, update] = [0, 1].map((index) => sigmoid(add(gate(a, index, 3), gate(b, index, 3))));
  const candidate = tanh(add(gate(a, 2, 3), multiply(reset, gate(b, 2, 3))));
  // h + (n - h)(1 - u), with each state read once.
  return add(candidate, multiply(update, subtract(h, candidate)));
}
