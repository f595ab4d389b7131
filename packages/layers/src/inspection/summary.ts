/**
 * A table of a model's layers: shapes, parameters and multiply-adds.
 *
 * The model runs once on inputs that are never computed: `forward` builds a graph, whose shapes are known and whose ops
 * tell how much they would compute. A node belongs to the innermost module that made it.
 */
import { type DType, formatShape, formatTable, inference, type Shape, sizeOf, type Tensor, zeros } from "@sconce/core";
import { type Module, observing } from "../module.ts";
import { multiplyAddsOf, tensorsIn } from "./multiply-adds.ts";

export interface SummaryOptions {
  /** Of the inputs, float32 by default; one for all, or one for each. */
  readonly dtype?: DType | readonly DType[];
}

/** One layer of a summary, summed over its calls. */
export interface SummaryRow {
  /** The path in the model; empty for the model itself. */
  readonly name: string;
  /** The name of its class, which a bundler may have shortened. */
  readonly layer: string;
  /** Of each tensor that its last call returned. */
  outputShapes: readonly Shape[];
  /** Elements of the parameters that it holds itself, rather than in modules below. */
  readonly parameters: number;
  multiplyAdds: number;
}

/** What `summary` found; printing it gives the table. */
export class Summary {
  /** In the order in which layers finished. */
  readonly rows: readonly SummaryRow[];
  /** Elements of all parameters; one that is held twice counts once. */
  readonly parameters: number;
  /** Elements of those that optimizers train. */
  readonly trainableParameters: number;

  constructor(rows: readonly SummaryRow[], parameters: number, trainableParameters: number) {
    this.rows = rows;
    this.parameters = parameters;
    this.trainableParameters = trainableParameters;
  }

  get multiplyAdds(): number {
    return this.rows.reduce((sum, row) => sum + row.multiplyAdds, 0);
  }

  /** A readable table with the totals below. */
  toString(): string {
    const rows = this.rows.map((row) => [
      row.name || "(model)",
      row.layer,
      row.outputShapes.map(formatShape).join(" "),
      grouped(row.parameters),
      grouped(row.multiplyAdds),
    ]);
    const { parameters, trainableParameters, multiplyAdds } = this;
    return [
      formatTable(["name", "layer", "output", "parameters", "multiply-adds"], rows),
      `parameters: ${grouped(parameters)} (${grouped(parameters - trainableParameters)} of them frozen)`,
      `multiply-adds: ${grouped(multiplyAdds)}`,
    ].join("\n");
  }
}

/** 1234567 as 1,234,567. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * The layers of `model` for inputs of `inputShape` (a list of shapes where `forward` takes several), in inference mode.
 * Multiply-adds are half the operations of what knows how many it needs: products, convolutions, pools, normalizations.
 */
export function summary(
  model: Module,
  inputShape: Shape | readonly Shape[],
  { dtype = "float32" }: SummaryOptions = {},
): Summary {
  const shapes = isShape(inputShape) ? [inputShape] : inputShape;
  const inputs = shapes.map((shape, i) => zeros(shape, typeof dtype === "string" ? dtype : dtype[i]));
  const names = new Map([...model.namedModules()].map(([name, module]) => [module, name]));
  const sizes = model.parameters().map(({ shape, frozen }) => ({ size: sizeOf(shape), frozen }));
  // Where values of variables come from is no work of the model's.
  const counted = new Set<Tensor>(model.variables().map(({ value }) => value));
  const rows = new Map<Module, SummaryRow>();
  observing(
    (module, given, output) => {
      const results = tensorsIn(output);
      const multiplyAdds = multiplyAddsOf(results, new Set(tensorsIn(given)), counted);
      const own = ownParameters(module);
      const row = rows.get(module) ?? {
        name: names.get(module) ?? "",
        layer: module.constructor.name,
        outputShapes: [],
        parameters: own,
        multiplyAdds: 0,
      };
      row.multiplyAdds += multiplyAdds;
      row.outputShapes = results.map(({ shape }) => shape);
      if (own > 0 || row.multiplyAdds > 0 || module.children().length === 0) rows.set(module, row);
    },
    () => inference(() => (model.forward as (...inputs: readonly Tensor[]) => unknown)(...inputs)),
  );
  const total = (wanted: typeof sizes): number => wanted.reduce((sum, { size }) => sum + size, 0);
  return new Summary([...rows.values()], total(sizes), total(sizes.filter(({ frozen }) => !frozen)));
}

function isShape(shape: Shape | readonly Shape[]): shape is Shape {
  return shape.length === 0 || typeof shape[0] === "number";
}

function ownParameters(module: Module): number {
  const below = new Set(module.children().flatMap((child) => child.parameters()));
  return module
    .parameters()
    .filter((param) => !below.has(param))
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
