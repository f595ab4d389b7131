/**
 * The arc tangent, which no backend has to know: three times atan z = 2 atan(z / (1 + sqrt(1 + z^2))) leaves |z| < 0.2,
 * where eleven terms of the power series settle float64. Tangents beyond 1e18 would overflow float32.
 */
import {
  add,
  apply,
  defineOp,
  divide,
  multiply,
  negate,
  type OpDefinition,
  sqrt,
  square,
  type Tensor,
} from "@sconce/core";

const atanOp: OpDefinition = /* @__PURE__ */ defineOp<unknown>({
  name: "atan",
  infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  decompose: ([x]) => {
    let z = x;
    for (let i = 0; i < 3; i++) z = divide(z, add(sqrt(add(square(z), 1)), 1));
    const minus = negate(square(z));
    let series: Tensor | number = 1 / 21;
    for (let power = 19; power >= 1; power -= 2) series = add(multiply(minus, series), 1 / power);
    return multiply(multiply(z, series), 8);
  },
  gradient: (outputGradient, { inputs: [x] }) => [divide(outputGradient, add(square(x), 1))],
});

/** The angle from -pi/2 to pi/2 whose tangent is `x`, a float. */
export function atan(x: Tensor): Tensor {
  return apply(atanOp, [x], undefined);
}
