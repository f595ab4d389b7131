/**
 * sin, cos and tan of float32 lanes: x = n pi/2 + r with a whole n and |r| <= pi/4, then polynomials in r; n modulo 4
 * tells which of sine and cosine of r it is, and its sign.
 *
 * The reduction is done in float64, so that r keeps its last bits next to multiples of pi/2. Up to 2^20 by the method of
 * Cody and Waite with the two parts of pi/2 of fdlibm; where a lane is larger, in a function of its own by the method of
 * Payne and Hanek: x times the first 216 bits of 2/pi, 24 at a time. Those products are exact, and so is taking
 * multiples of 4 away from them; what is left is n modulo 4 and r as a fraction of pi/2.
 */
import { f32x4, f64x2, i32x4, shuffle32, type V128, v128 } from "../assembler/simd.ts";
import type { Vector } from "../kernels/vectors.ts";
import { inScope, narrow, type Scope, widen } from "./scope.ts";

/** (sin(r)/r - 1) / r^2 in powers of r^2: minimax by reweighted least squares; the relative error of the sine is 4e-9. */
const sineSeries = [-0.1666665494, 0.008332178135, -0.0001951729747];
/** cos(r) in powers of r^2, the first two fixed: absolute error 1e-10. */
const cosineSeries = [1, -0.5, 0.04166664687, -0.001388736748, 2.443844764e-5];

/** pi/2: the first 33 bits, and the rest. */
const quarterHigh = 1.5707963267341256;
const quarterLow = 6.077100506506192e-11;
/** The bits of 2/pi behind the point, 24 at a time. */
const twoOverPi = [0xa2f983, 0x6e4e44, 0x1529fc, 0x2757d1, 0xf534dd, 0xc0db62, 0x95993c, 0x439041, 0xfe5163];
/** Adding it to a float64 rounds to a whole number, which is then in the low bits. */
const shift = 1.5 * 2 ** 52;
const limit = 2 ** 20;

interface Reduced {
  /** n plus `shift`. */
  readonly quarter: V128;
  readonly r: V128;
}

/** Cody and Waite. */
function reduceSmall({ keep, constant, multiplyAdd }: Scope, x: Vector): Reduced {
  const quarter = keep(multiplyAdd(x, 2 / Math.PI, shift, f64x2));
  const n = keep(f64x2.sub(quarter, constant(shift, f64x2)));
  const r = multiplyAdd(n, -quarterLow, multiplyAdd(n, -quarterHigh, x, f64x2), f64x2);
  return { quarter, r: keep(r) };
}

/** Payne and Hanek. */
function reduceLarge({ f, keep, constant }: Scope, x: Vector): Reduced {
  const quarter = keep(constant(shift, f64x2));
  const fraction = keep(constant(0, f64x2));
  const term = keep(x);
  const whole = keep(x);
  twoOverPi.forEach((bits, i) => {
    f.set(term, f64x2.mul(x, f64x2.const(bits * 2 ** (-24 * (i + 1)))));
    const multiple = f64x2.mul(f64x2.nearest(f64x2.mul(term, constant(0.25, f64x2))), constant(4, f64x2));
    f.set(fraction, f64x2.add(fraction, f64x2.sub(term, multiple)));
    f.set(whole, f64x2.nearest(fraction));
    f.set(fraction, f64x2.sub(fraction, whole));
    f.set(quarter, f64x2.add(quarter, whole));
  });
  // A zero beside a large lane keeps its sign.
  const zero = v128.and(f64x2.eq(x, constant(0, f64x2)), x);
  return { quarter, r: keep(v128.or(f64x2.mul(fraction, constant(Math.PI / 2, f64x2)), zero)) };
}

type Finish = (scope: Scope, n: Vector, r: Vector) => V128;

/** Sine and cosine of r, changed over where n is odd: of n pi/2 + r, but for signs. */
function sineAndCosine({ keep, polynomial }: Scope, n: Vector, r: Vector): { odd: Vector; sine: V128; cosine: V128 } {
  const square = keep(f32x4.mul(r, r));
  const sine = keep(f32x4.mul(r, polynomial(square, [1, ...sineSeries])));
  const cosine = keep(polynomial(square, cosineSeries));
  const odd = keep(i32x4.shr_s(i32x4.shl(n, 31), 31));
  return { odd, sine: v128.bitselect(cosine, sine, odd), cosine: v128.bitselect(sine, cosine, odd) };
}

/** Changes the sign where the bit of `n` is set that `up` brings to the top. */
function signed({ f }: Scope, value: V128, n: V128, up: number): V128 {
  return v128.xor(value, v128.and(i32x4.shl(n, up), f.constant(i32x4.const(1 << 31))));
}

const finishSine: Finish = (scope, n, r) => signed(scope, sineAndCosine(scope, n, r).sine, n, 30);
/** cos x = sin(x + pi/2) */
const finishCosine: Finish = (scope, n, r) =>
  finishSine(scope, scope.keep(i32x4.add(n, scope.f.constant(i32x4.const(1)))), r);
const finishTangent: Finish = (scope, n, r) => {
  const { odd, sine, cosine } = sineAndCosine(scope, n, r);
  return signed(scope, f32x4.div(sine, cosine), odd, 31);
};

function trigonometric(name: string, finish: Finish): (scope: Scope, x: Vector) => V128 {
  const evaluate = (scope: Scope, x: Vector, reduce: (scope: Scope, x: Vector) => Reduced): V128 => {
    const halves = [0, 1].map((half) => reduce(scope, scope.keep(widen(x, half))));
    const n = shuffle32(halves[0].quarter, halves[1].quarter, [0, 2, 4, 6]);
    return finish(scope, scope.keep(n), scope.keep(narrow(halves.map(({ r }) => r))));
  };
  return (scope, x) => {
    const { module, f, keep, constant } = scope;
    const large = module.once(`${name} of large angles`, () =>
      module.function(["v128"], "v128", (g) => {
        g.return(inScope(module, g, (inner) => evaluate(inner, g.parameter(0, "v128"), reduceLarge)));
      }),
    );
    const result = keep(x);
    f.if(
      v128.any_true(f32x4.gt(f32x4.abs(x), constant(limit))),
      () => f.set(result, f.call(large, x)),
      () => f.set(result, evaluate(scope, x, reduceSmall)),
    );
    return result;
  };
}

export const sine = trigonometric("sine", finishSine);
export const cosine = trigonometric("cosine", finishCosine);
export const tangent = trigonometric("tangent", finishTangent);
