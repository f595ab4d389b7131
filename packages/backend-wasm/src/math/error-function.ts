/**
 * erf of float32 lanes: 1 - e^(-q) with q = -ln(1 - erf |x|). q is |x| times a smooth function, and small where erf is,
 * so that one polynomial and e^y - 1 are accurate everywhere; from |x| = 3.95 on the result rounds to 1.
 */
import { f32x4, type V128 } from "../assembler/simd.ts";
import { boundedExponentialMinusOne } from "./exponential.ts";
import { type Scope, withSign } from "./scope.ts";

/**
 * -ln(erfc(x)) / x, minimax on [0, 3.95] by reweighted least squares; weighted so that the relative error of erf, 4e-9,
 * is the same everywhere.
 */
const exponent = [
  1.128379172, 0.636619382, 0.1027778305, -0.01915306397, -0.0001603960309, 0.001667027508, -0.0006328369216,
  0.0001176413001, -9.256269398e-6,
];

export function errorFunction(scope: Scope, x: V128): V128 {
  const magnitude = scope.keep(f32x4.pmin(f32x4.abs(x), scope.constant(3.95)));
  const q = scope.keep(f32x4.mul(magnitude, scope.polynomial(magnitude, exponent)));
  return withSign(scope, boundedExponentialMinusOne(scope, q, -1), x);
}
