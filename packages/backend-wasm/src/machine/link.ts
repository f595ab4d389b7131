/**
 * From a sequence of kernels to one module. Its export `run(thread)` carries out every phase of every kernel: threads
 * take `grain` units at a time from a shared counter and meet at a barrier when a phase is done. With a single thread
 * the phases are plain calls.
 */
import type { FunctionBuilder, FunctionReference } from "../assembler/function-builder.ts";
import { type MemoryImport, ModuleBuilder } from "../assembler/module-builder.ts";
import { atomic, i32 } from "../assembler/values.ts";
import { frameOf, type KernelCode, type Phase, type Target } from "../kernels/kernel.ts";
import { control, spins } from "./control.ts";

/** A kernel and the address of its argument list. */
export interface LinkedStep {
  readonly kernel: KernelCode;
  readonly address: number;
}

type PhaseFunction = FunctionReference<undefined>;

/** The module's bytes. */
export function link(steps: readonly LinkedStep[], memory: MemoryImport, target: Target): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(memory, target.relaxed);
  const compiled = new Map<KernelCode, readonly PhaseFunction[]>();
  for (const { kernel } of steps) if (!compiled.has(kernel)) compiled.set(kernel, phaseFunctions(module, kernel));
  const barrier = target.threads > 1 ? barrierFunction(module, target.threads) : undefined;
  const run = module.function(["i32"], undefined, (f) => {
    for (const { kernel, address } of steps) {
      kernel.phases.forEach((phase, i) => {
        const work = (compiled.get(kernel) as readonly PhaseFunction[])[i];
        if (barrier) {
          share(f, phase, work, address);
          f.callVoid(barrier, f.parameter(0, "i32"));
        } else f.callVoid(work, address, 0, phase.units, 0);
      });
    }
  });
  module.export("run", run);
  return module.encode();
}

function phaseFunctions(module: ModuleBuilder, kernel: KernelCode): readonly PhaseFunction[] {
  return kernel.phases.map((phase) =>
    module.function(["i32", "i32", "i32", "i32"], undefined, (f) => phase.emit(frameOf(module, f, kernel))),
  );
}

/** Takes units from the counter until none are left. */
function share(f: FunctionBuilder, { units, grain }: Phase, work: PhaseFunction, address: number): void {
  const thread = f.parameter(0, "i32");
  if (units <= grain) {
    // One piece: whoever comes first would do, but the calling thread's caches usually hold the operands.
    f.if(i32.eqz(thread), () => f.callVoid(work, address, 0, units, thread));
    return;
  }
  const first = f.local("i32");
  f.while(
    () => i32.lt_u(f.tee(first, atomic.add(control.next, grain)), units),
    () => {
      const last = f.index(i32.add(first, grain));
      f.callVoid(work, address, first, i32.min(last, i32.const(units)), thread);
      f.release(last);
    },
  );
  f.release(first);
}

/** Waits until every thread has come here; the last to come resets the counter and lets the others go. */
function barrierFunction(module: ModuleBuilder, threads: number): PhaseFunction {
  const mayWait = module.import("mayWait", ["i32"], "i32");
  return module.function(["i32"], undefined, (f) => {
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
            // A page's main thread must not sleep, so it keeps looking.
            again(i32.eqz(f.call(mayWait, f.parameter(0, "i32"))));
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
