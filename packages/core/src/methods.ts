/** The methods of Tensor: each is the free function of the same name with the tensor as its first argument. */
import { stopGradient } from "./autograd/stop-gradient.ts";
import {
  add,
  clamp,
  divide,
  floorDivide,
  maximum,
  minimum,
  multiply,
  power,
  remainder,
  subtract,
} from "./ops/elementwise/arithmetic.ts";
import { cast } from "./ops/elementwise/cast.ts";
import {
  equal,
  greater,
  greaterEqual,
  isNaN,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
} from "./ops/elementwise/comparison.ts";
import {
  abs,
  ceil,
  cos,
  erf,
  exp,
  expm1,
  floor,
  gelu,
  log,
  log1p,
  negate,
  reciprocal,
  relu,
  round,
  rsqrt,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tan,
  tanh,
} from "./ops/elementwise/unary.ts";
import { gather, indexSelect, oneHot, scatterAdd } from "./ops/indexing/gather.ts";
import { argsort, sort, topK } from "./ops/indexing/sort.ts";
import { matmul } from "./ops/linear/matmul.ts";
import { broadcastTo } from "./ops/movement/broadcast-to.ts";
import { split } from "./ops/movement/concatenate.ts";
import { moveAxis, pad, roll, tile } from "./ops/movement/pad.ts";
import { permute, transpose } from "./ops/movement/permute.ts";
import { flatten, reshape, squeeze, unsqueeze } from "./ops/movement/reshape.ts";
import { flip, narrow, slice } from "./ops/movement/slice.ts";
import { logSoftmax, softmax } from "./ops/normalization/softmax.ts";
import { argmax, argmin } from "./ops/reduction/argmax.ts";
import { max, min, product, sum } from "./ops/reduction/reduce.ts";
import { all, any, logSumExp, mean, norm, variance } from "./ops/reduction/statistics.ts";
import { array, data, dataSync, detach, dispose, item, itemSync, to } from "./runtime/data.ts";
import { Tensor } from "./tensor.ts";

const shared = {
  abs,
  add,
  all,
  any,
  argmax,
  argmin,
  argsort,
  array,
  broadcastTo,
  cast,
  ceil,
  clamp,
  cos,

  data,
  dataSync,
  detach,
  dispose,
  divide,
  equal,
  erf,
  exp,
  expm1,
  flatten,
  flip,
  floor,
  floorDivide,
  gather,
  gelu,
  greater,
  greaterEqual,
  indexSelect,
  isNaN,
  item,
  itemSync,
  less,
  lessEqual,
  log,
  log1p,
  logicalAnd,
  logicalNot,
  logicalOr,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  moveAxis,
  multiply,
  narrow,
  negate,
  norm,
  notEqual,
  oneHot,
  pad,
  permute,
  power,
  product,
  reciprocal,
  relu,
  remainder,
  reshape,
  roll,
  round,
  rsqrt,
  scatterAdd,
  sigmoid,
  sign,
  sin,
  slice,
  softmax,
  softplus,
  sort,
  split,
  sqrt,
  square,
  squeeze,
  stopGradient,
  subtract,
  sum,
  tan,
  tanh,
  tile,
  to,
  topK,
  transpose,
  unsqueeze,
  variance,
  // Short names of the field.
  sub: subtract,
  mul: multiply,
  div: divide,
  neg: negate,
  pow: power,
};

/** A free function as a method. */
type Method<Fn> = Fn extends (x: never, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never;

/** What every tensor can do; the functions of the same names document each. */
export interface TensorMethods {
  abs: Method<typeof abs>;
  add: Method<typeof add>;
  all: Method<typeof all>;
  any: Method<typeof any>;
  argmax: Method<typeof argmax>;
  argmin: Method<typeof argmin>;
  argsort: Method<typeof argsort>;
  array: Method<typeof array>;
  broadcastTo: Method<typeof broadcastTo>;
  cast: Method<typeof cast>;
  ceil: Method<typeof ceil>;
  clamp: Method<typeof clamp>;
  cos: Method<typeof cos>;
  data: Method<typeof data>;
  dataSync: Method<typeof dataSync>;
  detach: Method<typeof detach>;
  dispose: Method<typeof dispose>;
  divide: Method<typeof divide>;
  equal: Method<typeof equal>;
  erf: Method<typeof erf>;
  exp: Method<typeof exp>;
  expm1: Method<typeof expm1>;
  flatten: Method<typeof flatten>;
  flip: Method<typeof flip>;
  floor: Method<typeof floor>;
  floorDivide: Method<typeof floorDivide>;
  gather: Method<typeof gather>;
  gelu: Method<typeof gelu>;
  greater: Method<typeof greater>;
  greaterEqual: Method<typeof greaterEqual>;
  indexSelect: Method<typeof indexSelect>;
  isNaN: Method<typeof isNaN>;
  item: Method<typeof item>;
  itemSync: Method<typeof itemSync>;
  less: Method<typeof less>;
  lessEqual: Method<typeof lessEqual>;
  log: Method<typeof log>;
  log1p: Method<typeof log1p>;
  logicalAnd: Method<typeof logicalAnd>;
  logicalNot: Method<typeof logicalNot>;
  logicalOr: Method<typeof logicalOr>;
  logSoftmax: Method<typeof logSoftmax>;
  logSumExp: Method<typeof logSumExp>;
  matmul: Method<typeof matmul>;
  max: Method<typeof max>;
  maximum: Method<typeof maximum>;
  mean: Method<typeof mean>;
  min: Method<typeof min>;
  minimum: Method<typeof minimum>;
  moveAxis: Method<typeof moveAxis>;
  multiply: Method<typeof multiply>;
  narrow: Method<typeof narrow>;
  negate: Method<typeof negate>;
  norm: Method<typeof norm>;
  notEqual: Method<typeof notEqual>;
  oneHot: Method<typeof oneHot>;
  pad: Method<typeof pad>;
  permute: Method<typeof permute>;
  power: Method<typeof power>;
  product: Method<typeof product>;
  reciprocal: Method<typeof reciprocal>;
  relu: Method<typeof relu>;
  remainder: Method<typeof remainder>;
  reshape: Method<typeof reshape>;
  roll: Method<typeof roll>;
  round: Method<typeof round>;
  rsqrt: Method<typeof rsqrt>;
  scatterAdd: Method<typeof scatterAdd>;
  sigmoid: Method<typeof sigmoid>;
  sign: Method<typeof sign>;
  sin: Method<typeof sin>;
  slice: Method<typeof slice>;
  softmax: Method<typeof softmax>;
  softplus: Method<typeof softplus>;
  sort: Method<typeof sort>;
  split: Method<typeof split>;
  sqrt: Method<typeof sqrt>;
  square: Method<typeof square>;
  squeeze: Method<typeof squeeze>;
  stopGradient: Method<typeof stopGradient>;
  subtract: Method<typeof subtract>;
  sum: Method<typeof sum>;
  tan: Method<typeof tan>;
  tanh: Method<typeof tanh>;
  tile: Method<typeof tile>;
  to: Method<typeof to>;
  topK: Method<typeof topK>;
  transpose: Method<typeof transpose>;
  unsqueeze: Method<typeof unsqueeze>;
  variance: Method<typeof variance>;
  sub: Method<typeof subtract>;
  mul: Method<typeof multiply>;
  div: Method<typeof divide>;
  neg: Method<typeof negate>;
  pow: Method<typeof power>;
  /** `dispose`, for `using`. */
  [Symbol.dispose](): void;
}

for (const [name, fn] of Object.entries(shared)) {
  Object.defineProperty(Tensor.prototype, name, {
    value: function (this: Tensor, ...rest: unknown[]): unknown {
      return (fn as (...args: unknown[]) => unknown)(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}

// Symbol.dispose is newer than the oldest engine we serve.
const disposeSymbol: symbol = Symbol.dispose ?? Symbol.for("Symbol.dispose");
Object.defineProperty(Tensor.prototype, disposeSymbol, {
  value: Tensor.prototype.dispose,
  writable: true,
  configurable: true,
});
