/** Sconce core: tensors, gradients, the compiler and the backend contract. */
import "./methods.ts";

export { checkpoint } from "./autograd/checkpoint.ts";
export type { Differentiable, Gradients } from "./autograd/grad.ts";
export { grad, valueAndGrad, vjp } from "./autograd/grad.ts";
export { stopGradient } from "./autograd/stop-gradient.ts";
export type {
  Backend,
  Capabilities,
  Claim,
  Kernel,
  OpRequest,
  Replay,
  Routine,
  Signature,
  Step,
} from "./backend/backend.ts";
export type { Access, Accumulator, Combine, Instruction, LoopNest } from "./backend/loop-nest.ts";
export { instructionDType, neutralElement } from "./backend/loop-nest.ts";
export type { ResultRule, ScalarOperator, ScalarOperatorTraits } from "./backend/scalar-operator.ts";
export { applyScalar, roundHalfEven, roundTo, scalarOperators } from "./backend/scalar-operator.ts";
export type { ElementBuilder } from "./compiler/element.ts";
export { explain } from "./compiler/explain.ts";
export type { Expression, ExpressionBuilder, Index } from "./compiler/expression.ts";
export { fuseEpilogues } from "./compiler/fuse-epilogues.ts";
export type { NestEpilogue, OperandKind } from "./compiler/nest-epilogue.ts";
export type { Home, Program, ProgramDraft, ProgramNode, ProgramValue, Work } from "./compiler/program.ts";
export type { DType, TypedArray } from "./dtype.ts";
export { allocateArray, bytesPerElement, dtypeOfArray, dtypes, isFloat, promote, toFloat, viewArray } from "./dtype.ts";
export { erf as erfOf } from "./erf.ts";
export { ArgumentError, BackendError, CaptureError, DTypeError, SconceError, ShapeError } from "./errors.ts";
export { formatTable } from "./format-table.ts";
export { floatToHalf, halfToFloat } from "./half.ts";
export type { HostArray } from "./host-array.ts";
export { decodeNumbers, encodeNumbers, hostZeros } from "./host-array.ts";
export { inference, isTraining, training } from "./mode.ts";
export type { OpDefinition, OpTraits } from "./op.ts";
export { apply, defineOp } from "./op.ts";
export * from "./ops/index.ts";
export { currentSeed, defaultRandomState, hashKey, RandomState, setSeed } from "./random-state.ts";
export { detectAnomaly } from "./runtime/anomaly.ts";
export type { Compiled } from "./runtime/compile-function.ts";
export { compile } from "./runtime/compile-function.ts";
export type { DataArray, NestedArray } from "./runtime/data.ts";
export { array, data, dataSync, detach, dispose, evaluateAll, item, itemSync, to } from "./runtime/data.ts";
export type { MemoryUse } from "./runtime/memory.ts";
export { memoryUse } from "./runtime/memory-use.ts";
export type { Profile, ProfileRow } from "./runtime/profile.ts";
export { profile } from "./runtime/profile.ts";
export { readHost } from "./runtime/read.ts";
export type { BackendReport } from "./runtime/registry.ts";
export {
  currentBackend,
  openBackend,
  registerBackend,
  reportBackends,
  setDefaultBackend,
  withBackend,
} from "./runtime/registry.ts";
export { isTracing } from "./runtime/trace.ts";
export type { Shape } from "./shape.ts";
export { broadcastShapes, formatShape, normalizeAxes, normalizeAxis, sameShape, sizeOf, stridesOf } from "./shape.ts";
export type { Source } from "./tensor.ts";
export { Tensor } from "./tensor.ts";
export type { Tree } from "./tree.ts";
export { Param, Stat, Variable } from "./variable.ts";
