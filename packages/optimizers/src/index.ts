/** Sconce optimizers: how parameters follow their gradients. */
export type { AdadeltaOptions } from "./adadelta.ts";
export { Adadelta, adadelta } from "./adadelta.ts";
export type { AdagradOptions } from "./adagrad.ts";
export { Adagrad, adagrad } from "./adagrad.ts";
export type { AdamOptions, AdamWOptions } from "./adam.ts";
export { Adam, AdamW, adam, adamW } from "./adam.ts";
export type { AdamaxOptions } from "./adamax.ts";
export { Adamax, adamax } from "./adamax.ts";
export type { ClipByNormOptions, ClippedGradients } from "./clip.ts";
export { clipByNorm, clipByValue } from "./clip.ts";
export type { CosineAnnealingOptions, WarmRestartsOptions } from "./cosine-schedules.ts";
export { CosineAnnealing, WarmRestarts } from "./cosine-schedules.ts";
export type {
  ExponentialDecayOptions,
  MultiStepDecayOptions,
  PolynomialDecayOptions,
  StepDecayOptions,
} from "./decay-schedules.ts";
export { ExponentialDecay, MultiStepDecay, PolynomialDecay, StepDecay } from "./decay-schedules.ts";
export type { TakeOptions } from "./gradient-accumulator.ts";
export { GradientAccumulator } from "./gradient-accumulator.ts";
export type { Group, OptimizerOptions, ParameterGroup, ParameterList } from "./groups.ts";
export type { LAMBOptions } from "./lamb.ts";
export { LAMB, lamb } from "./lamb.ts";
export type { Evaluation, LBFGSOptions } from "./lbfgs.ts";
export { LBFGS, lbfgs } from "./lbfgs.ts";
export type { LinearWarmupOptions } from "./linear-warmup.ts";
export { LinearWarmup } from "./linear-warmup.ts";
export type { LionOptions } from "./lion.ts";
export { Lion, lion } from "./lion.ts";
export type { MomentOptions } from "./moments.ts";
export type { NAdamOptions } from "./nadam.ts";
export { NAdam, nadam } from "./nadam.ts";
export type { OneCycleOptions } from "./one-cycle.ts";
export { OneCycle } from "./one-cycle.ts";
export type { ParameterResult, ParameterUpdate, SharedResult, UpdateRule } from "./optimizer.ts";
export { Optimizer } from "./optimizer.ts";
export { l1Penalty, l2Penalty } from "./penalties.ts";
export type { RAdamOptions } from "./radam.ts";
export { RAdam, radam } from "./radam.ts";
export type { PlateauState, ReduceOnPlateauOptions } from "./reduce-on-plateau.ts";
export { ReduceOnPlateau } from "./reduce-on-plateau.ts";
export type { RMSpropOptions } from "./rmsprop.ts";
export { RMSprop, rmsprop } from "./rmsprop.ts";
export type { Scheduled } from "./schedule.ts";
export { Schedule } from "./schedule.ts";
export type { ScheduleSequenceOptions } from "./schedule-sequence.ts";
export { ScheduleSequence } from "./schedule-sequence.ts";
export type { SGDOptions } from "./sgd.ts";
export { SGD, sgd } from "./sgd.ts";
export type { WeightAverageOptions } from "./weight-average.ts";
export { WeightAverage } from "./weight-average.ts";
