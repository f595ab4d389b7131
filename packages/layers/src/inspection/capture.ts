/**
 * Looking inside a model: the results of its parts, without changing it. An activation is a tensor of the graph like any
 * other, so gradients can be taken with respect to it.
 */
import { ArgumentError, Tensor } from "@sconce/core";
import { type Module, observing } from "../module.ts";

/** What `fn` returned, and the results of the modules that were asked for by their names. */
export interface Captured<Name extends string, Result> {
  readonly result: Result;
  readonly activations: Readonly<Record<Name, Tensor>>;
}

/**
 * Runs `fn` (synchronous) and keeps what the named modules of `model` return in it: of one that is called several times,
 * the last result. Names are those of `model.namedModules()`, such as `layer1.0`. Works inside `compile`.
 *
 *     const { result, activations } = capture(model, ["layer4"], () => model.forward(image));
 *     const slope = grad(result.slice([0, 3]).sum(), activations.layer4);
 */
export function capture<const Name extends string, Result>(
  model: Module,
  names: readonly Name[],
  fn: () => Result,
): Captured<Name, Result> {
  const modules = model.namedModules();
  const nameOf = new Map<Module, Name>();
  for (const name of names) {
    const module = modules.get(name);
    if (!module) {
      throw new ArgumentError(
        `capture: the model has no module named ${name}; it has ${[...modules.keys()].filter(Boolean).join(", ")}.`,
      );
    }
    nameOf.set(module, name);
  }
  const activations = new Map<Name, Tensor>();
  const result = observing((module, _inputs, output) => {
    const name = nameOf.get(module);
    if (name === undefined) return;
    if (!(output instanceof Tensor)) {
      throw new ArgumentError(
        `capture: ${name} returns no tensor, but ${Object.prototype.toString.call(output)}; name a module inside it.`,
      );
    }
    activations.set(name, output);
  }, fn);
  const missing = names.filter((name) => !activations.has(name));
  if (missing.length > 0) {
    throw new ArgumentError(
      `capture: ${missing.join(", ")} did not run in the function; call model.forward there, and return its result.`,
    );
  }
  return { result, activations: Object.fromEntries(activations) as Record<Name, Tensor> };
}
