/**
 * sin, cos and tan: x = n pi/2 + r with a whole n and |r| <= pi/4, then polynomials in r; n modulo 4 tells which of sine
 * and cosine of r it is, and its sign.
 *
 * Up to 2^11, n pi/2 is taken away in four parts of 12 bits, whose products are exact (Cody and Waite). Beyond, the
 * fraction bits of x 2/pi are computed in integers, from those 96 bits of 2/pi that matter (Payne and Hanek).
 */
import { floatLiteral as f, polynomial, type ShaderFunction } from "./library.ts";
import { absolute, isFinite, isZero, nan } from "./special-values.ts";

/** (sin(r)/r - 1) / r^2 in powers of r^2; the relative error of the sine is 4e-9. */
const sineSeries = [1, -0.1666665494, 0.008332178135, -0.0001951729747];
/** cos(r) in powers of r^2: absolute error 1e-10. */
const cosineSeries = [1, -0.5, 0.04166664687, -0.001388736748, 2.443844764e-5];

/** pi/2 in numbers of 12 bits. */
function partsOf(value: number, count: number): number[] {
  const parts: number[] = [];
  let rest = value;
  for (let i = 0; i < count; i++) {
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(rest))) - 11);
    parts.push(Math.trunc(rest / unit) * unit);
    rest -= parts[i];
  }
  return parts;
}

const wideProduct: ShaderFunction = {
  name: "wide_product",
  source: `
/** a b as (low, high). */
fn wide_product(a: u32, b: u32) -> vec2u {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let cross = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
  return vec2u((low & 0xffffu) | (other << 16u), (a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u));
}`,
};

const reduceLargeAngle: ShaderFunction = {
  name: "reduce_large_angle",
  needs: [wideProduct],
  source: `
const two_over_pi = array<u32, 6>(0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u);
/** (n modulo 4, r) of an x >= 1. */
fn reduce_large_angle(x: f32) -> vec2f {
  let bits = bitcast<u32>(x);
  let a = ((bits & 0x007fffffu) << 8u) | 0x80000000u;
  let e = (bits >> 23u) - 126u;
  var words = two_over_pi;
  let i = e >> 5u;
  let s = e & 31u;
  var high = 0u;
  if (i > 0u) { high = words[i - 1u]; }
  var middle = words[i];
  var low = words[i + 1u];
  if (s > 0u) {
    high = (high << s) | (middle >> (32u - s));
    middle = (middle << s) | (low >> (32u - s));
    low = (low << s) | (words[i + 2u] >> (32u - s));
  }
  // x 2/pi modulo 4, with 62 bits behind the point.
  let p0 = wide_product(a, low);
  let p1 = wide_product(a, middle);
  let bottom = p1.x + p0.y;
  var top = a * high + p1.y + select(0u, 1u, bottom < p1.x);
  var n = top >> 30u;
  top &= 0x3fffffffu;
  var negative = false;
  var rest = bottom;
  if ((top & 0x20000000u) != 0u) {
    n = (n + 1u) & 3u;
    negative = true;
    // 2^62 - fraction
    rest = ~bottom + 1u;
    top = 0x3fffffffu - top + select(0u, 1u, bottom == 0u);
  }
  let fraction = f32(top) * ${f(2 ** -30)} + f32(rest) * ${f(2 ** -62)};
  return vec2f(f32(n), select(fraction, -fraction, negative) * ${f(Math.PI / 2)});
}`,
};

const reduceAngle: ShaderFunction = {
  name: "reduce_angle",
  needs: [absolute, reduceLargeAngle],
  source: `
fn reduce_angle(x: f32) -> vec2f {
  if (absolute(x) < 2048.0f) {
    let n = round(x * ${f(2 / Math.PI)});
    let r = ${partsOf(Math.PI / 2, 4).reduce((rest, part) => `(${rest} - n * ${f(part)})`, "x")};
    return vec2f(f32(i32(n) & 3), r);
  }
  let reduced = reduce_large_angle(absolute(x));
  if (x > 0.0f) { return reduced; }
  return vec2f(f32((4 - i32(reduced.x)) & 3), -reduced.y);
}`,
};

const sineAndCosine: ShaderFunction = {
  name: "sine_and_cosine",
  needs: [reduceAngle],
  source: `
/** (sin x, cos x) of a finite x. */
fn sine_and_cosine(x: f32) -> vec2f {
  let reduced = reduce_angle(x);
  let r = reduced.y;
  let n = i32(reduced.x);
  let square = r * r;
  let s = r * ${polynomial("square", sineSeries)};
  let c = ${polynomial("square", cosineSeries)};
  let both = select(vec2f(s, c), vec2f(c, s), (n & 1) == 1);
  return vec2f(select(both.x, -both.x, n >= 2), select(both.y, -both.y, n == 1 || n == 2));
}`,
};

function angleFunction(name: string, result: string): ShaderFunction {
  return {
    name,
    needs: [sineAndCosine, isFinite, isZero, nan],
    source: `
fn ${name}(x: f32) -> f32 {
  if (!is_finite(x)) { return nan(); }
  let both = sine_and_cosine(x);
  return ${result};
}`,
  };
}

export const sine: ShaderFunction = angleFunction("sine", "select(both.x, x, is_zero(x))");
export const cosine: ShaderFunction = angleFunction("cosine", "both.y");
export const tangent: ShaderFunction = angleFunction("tangent", "select(both.x / both.y, x, is_zero(x))");
