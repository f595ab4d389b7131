/**
 * From a sequence of kernels to one module. Its export `run(thread)` carries out every phase of every kernel. A phase
 * of several pieces is shared: threads take `grain` units at a time from a counter and meet at a barrier when none are
 * left. Phases of one piece are done by the calling thread, as many as follow each other, before the next barrier.
 */
import type { FunctionBuilder, FunctionReference } from "../assembler/function-builder.ts";
import { type MemoryImport, ModuleBuilder } from "../assembler/module-builder.ts";
import { atomic, i32 } from "../assembler/values.ts";
import { frameOf, type KernelCode, type Phase, type Target } from "../kernels/kernel.ts";
import { roundUp } from "../kernels/round-up.ts";
import { control, spins } from "./control.ts";

/** A kernel and the address of its argument list. */
export interface LinkedStep {
  readonly kernel: KernelCode;
  readonly address: number;
}

export interface LinkedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether every thread must run it; otherwise the calling thread alone. */
  readonly shared: boolean;
}

type PhaseFunction = FunctionReference<undefined>;

/** A phase with the kernel's arguments. */
interface Call {
  readonly phase: Phase;
  readonly work: PhaseFunction;
  readonly address: number;
}

export function link(steps: readonly LinkedStep[], memory: MemoryImport, target: Target): LinkedModule {
  const module = new ModuleBuilder(memory, target.relaxed);
  const compiled = new Map<KernelCode, readonly PhaseFunction[]>();
  for (const { kernel } of steps) if (!compiled.has(kernel)) compiled.set(kernel, phaseFunctions(module, kernel));
  const calls = steps.flatMap(({ kernel, address }) =>
    kernel.phases.map((phase, i): Call => ({ phase, work: (compiled.get(kernel) as PhaseFunction[])[i], address })),
  );
  const groups = together(
    calls.filter(({ phase }) => phase.units > 0),
    ({ phase }) => target.threads > 1 && phase.units > phase.grain,
  );
  const shared = groups.some((group) => group.shared);
  const barrier = shared ? barrierFunction(module, target.threads) : undefined;
  const run = module.function(["i32"], undefined, (f) => {
    const thread = f.parameter(0, "i32");
    groups.forEach((group, i) => {
      if (group.shared) share(f, group.calls[0], target.threads);
      else
        f.if(shared ? i32.eqz(thread) : i32.const(1), () => {
          for (const { phase, work, address } of group.calls) f.callVoid(work, address, 0, phase.units, 0);
        });
      // What the calling thread does last need not be waited for by anyone.
      if (barrier && (group.shared || i < groups.length - 1)) f.callVoid(barrier);
    });
  });
  module.export("run", run);
  return { bytes: module.encode(), shared };
}

/** The calls in groups: each shared one alone, the others as many as follow each other. */
function together(calls: readonly Call[], isShared: (call: Call) => boolean): { shared: boolean; calls: Call[] }[] {
  const groups: { shared: boolean; calls: Call[] }[] = [];
  for (const call of calls) {
    const shared = isShared(call);
    const last = groups.at(-1);
    if (last && !shared && !last.shared) last.calls.push(call);
    else groups.push({ shared, calls: [call] });
  }
  return groups;
}

function phaseFunctions(module: ModuleBuilder, kernel: KernelCode): readonly PhaseFunction[] {
  return kernel.phases.map((phase) =>
    module.function(
      ["i32", "i32", "i32", "i32"],
      undefined,
      (f) => phase.emit(frameOf(module, f, kernel)),
      kernel.name,
    ),
  );
}

/** Takes units from the counter until none are left: about `grain` at a time, such that all threads have equally many turns. */
function share(f: FunctionBuilder, { phase, work, address }: Call, threads: number): void {
  const { units } = phase;
  const grain = Math.ceil(units / roundUp(Math.ceil(units / phase.grain), threads));
  const first = f.local("i32");
  f.while(
    () => i32.lt_u(f.tee(first, atomic.add(control.next, grain)), units),
    () => {
      const last = f.index(i32.add(first, grain));
      f.callVoid(work, address, first, i32.min(last, i32.const(units)), f.parameter(0, "i32"));
      f.release(last);
    },
  );
  f.release(first);
}

/**
 * Waits until every thread has come here; the last to come resets the counter and lets the others go. Traps when a
 * thread will not come.
 */
function barrierFunction(module: ModuleBuilder, threads: number): PhaseFunction {
  const mayWait = module.import("mayWait", [], "i32");
  return module.function([], undefined, (f) => {
    const generation = f.local("i32", atomic.load(control.generation));
    f.if(
      i32.eq(atomic.add(control.arrived, 1), threads - 1),
      () => {
        f.emit(atomic.store(control.arrived, 0), atomic.store(control.next, 0));
        f.drop(atomic.add(control.generation, 1));
        f.if(atomic.load(control.resting), () => f.drop(atomic.notify(control.generation)));
      },
      () => {
        const turns = f.index(0);
        f.block((leave) => {
          f.loop((again) => {
            leave(i32.ne(atomic.load(control.generation), generation));
            f.increase(turns, 1);
            again(i32.lt_u(turns, spins));
            f.set(turns, i32.const(0));
            f.if(atomic.load(control.failed), () => f.unreachable());
            // A page's main thread must not sleep, so it keeps looking.
            again(i32.eqz(f.call(mayWait)));
            f.drop(atomic.add(control.resting, 1));
            f.drop(atomic.wait(control.generation, generation));
            f.drop(atomic.add(control.resting, -1));
            again();
          });
        });
      },
    );
  });
}
