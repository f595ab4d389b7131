/** The native backend: an addon that runs whole programs on threads of its own while JavaScript goes on. */
import {
  type Backend,
  BackendError,
  type Capabilities,
  type Claim,
  dtypes,
  fuseEpilogues,
  type LoopNest,
  type NestEpilogue,
  type OpRequest,
  type ProgramDraft,
  type Step,
} from "@sconce/core";
import { type Addon, loadAddon } from "./addon.ts";
import { describeOp } from "./claims/index.ts";
import { encodeNest } from "./encode-nest.ts";
import { type NativeBuffer, NativeKernel, replay } from "./native-kernel.ts";
import { moveBeforeConcatenation } from "./optimize/before-concatenation.ts";
import { keepInOrder } from "./optimize/channels-last.ts";
import { computeAgain } from "./optimize/compute-again.ts";
import { joinConvolutions } from "./optimize/join-convolutions.ts";
import { joinParts } from "./optimize/join-parts.ts";
import { joinStores } from "./optimize/join-stores.ts";
import { joinStrips } from "./optimize/join-strips.ts";
import { keepConstants } from "./optimize/keep-constants.ts";
import { makeLate } from "./optimize/late-results.ts";
import { joinMoments } from "./optimize/moments.ts";
import { imagesSideBySide, inOrder, type Order, orderFor } from "./optimize/orders.ts";
import { joinPaddedSums } from "./optimize/padded-sums.ts";
import { placePieces } from "./optimize/place-pieces.ts";
import { readRectified } from "./optimize/rectified.ts";
import { joinRectifiedPools } from "./optimize/rectified-pools.ts";
import { shareConcatenations } from "./optimize/shared-concatenations.ts";
import { splitSums } from "./optimize/split-sums.ts";
import { storeOver } from "./optimize/store-over.ts";
import { askRectified } from "./optimize/stored-signs.ts";
import { defaultThreadCount } from "./thread-count.ts";

export interface NativeOptions {
  /** Threads that work on a kernel; by default as many as the process has processors, or its container grants. */
  readonly threads?: number;
  /** Whether matmul, convolution and others run through oneDNN (the default) or as loop nests. */
  readonly claims?: boolean;
  /** Whether programs are rewritten as a whole (the default): layouts, and what is merged into matmul and convolution. */
  readonly optimize?: boolean;
  /**
   * Whether matmul and convolution round their operands to bfloat16 (8 bits of precision; sums stay float32), where the
   * processor has instructions for it, with relative errors of about 0.4 %. Measure it: predictions of ResNets and the
   * training of dense layers are a fifth to a third faster, networks of depthwise convolutions slower. Not by default.
   */
  readonly bfloat16?: boolean;
}

/** Whether products may be of bfloat16 numbers. Throws BackendError where the processor cannot. */
function roundsOperands(addon: Addon, { bfloat16 = false }: NativeOptions): boolean {
  if (bfloat16 && !addon.hasBfloat16()) {
    throw new BackendError(
      "native: this processor has no bfloat16 instructions (AVX-512 BF16), so bfloat16: true would only be slower; leave it out.",
    );
  }
  return bfloat16;
}

/** Opens a native backend; throws BackendError where there is no binary. */
export async function openNative(options: NativeOptions = {}): Promise<Backend<NativeBuffer>> {
  const addon = loadAddon();
  const threads = options.threads ?? defaultThreadCount();
  const device = addon.open(threads);
  const capabilities: Capabilities = {
    dtypes,
    maximumInputs: 64,
    maximumOutputs: 32,
    synchronousReads: true,
    threads: { count: threads },
  };
  const nestKernel = (nest: LoopNest): NativeKernel => NativeKernel.of(addon, device, "nest", () => encodeNest(nest));
  const claims = options.claims !== false;
  const bfloat16 = roundsOperands(addon, options);
  return {
    name: "native",
    capabilities,
    allocate: (byteLength) => ({ number: addon.allocate(device, byteLength), byteLength }),
    release: (buffer) => {
      addon.release(device, buffer.number);
      buffer.number = -1;
    },
    write: ({ number }, bytes) =>
      addon.write(device, number, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    read: ({ number }, byteLength) => addon.read(device, number, byteLength),
    readSync: ({ number }, byteLength) => addon.readSync(device, number, byteLength),
    finish: () => addon.finish(device),
    close: () => addon.close(device),
    compile: nestKernel,
    ...(claims && {
      claim: (request: OpRequest) => {
        const description = describeOp(request, bfloat16);
        return description && NativeKernel.of(addon, device, request.op, () => Float64Array.from(description));
      },
    }),
    ...(claims &&
      options.optimize !== false && {
        optimize: (draft: ProgramDraft, claim: Claim) => {
          const split = computeAgain(splitSums(moveBeforeConcatenation(joinPaddedSums(draft, claim))));
          const joined = joinRectifiedPools(askRectified(readRectified(split)), claim);
          const order = orderFor(joined, claim);
          const fused = fuseEpilogues(joined, epilogueClaim(joined, claim, order));
          const laidOut = joinConvolutions(keepInOrder(fused, claim, order), claim);
          const merged = joinMoments(shareConcatenations(joinStrips(laidOut, claim), claim), claim);
          const kept = keepConstants(makeLate(merged), claim);
          const { draft: stored, pieces } = storeOver(joinStores(joinParts(kept, claim), claim), claim);
          return placePieces(stored, pieces, nestKernel);
        },
      }),
    record: (steps: readonly Step<NativeBuffer>[]) => replay(addon, device, steps),
  };
}

/**
 * The claim for results with an epilogue. oneDNN's max(x, 0) of NaN is 0: a program that trains must not lose NaN so, and
 * there such functions stay loop nests. Predictions are faster with them inside. Our own convolutions keep NaN.
 */
function epilogueClaim({ outputs }: ProgramDraft, claim: Claim, order: Order): Claim {
  const trains = outputs.some(({ replaces }) => replaces !== undefined);
  const clamps = ({ epilogue }: OpRequest): boolean =>
    (epilogue as NestEpilogue).instructions.some(
      (each) => each.kind === "apply" && ["maximum", "minimum", "where"].includes(each.operator),
    );
  return (request) => {
    if (order === imagesSideBySide && order.ops[request.op]?.name) return claim(inOrder(request, order));
    return trains && clamps(request) ? undefined : claim(request);
  };
}
