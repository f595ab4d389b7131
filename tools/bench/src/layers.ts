/**
 * Layers and their parameters, described apart from any library. A network is a list of layers in the order in which they
 * are computed, each with the layers whose results it takes.
 */
import { numbers } from "./numbers.ts";

interface Placed {
  /** The layers whose results it takes, by index; -1 is the network's input. */
  readonly of: readonly number[];
}

export interface ConvolutionLayer extends Placed {
  readonly kind: "convolution";
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
  readonly bias: boolean;
}

export interface LinearLayer extends Placed {
  readonly kind: "linear";
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
}

export interface PoolLayer extends Placed {
  readonly kind: "maxPool";
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

export type Layer =
  | ConvolutionLayer
  | LinearLayer
  | PoolLayer
  | (Placed & { readonly kind: "batchNorm"; readonly name: string; readonly channels: number })
  /** [T, N, inputs] to [T, N, outputs], `depth` layers on top of each other. */
  | (Placed & {
      readonly kind: "lstm";
      readonly name: string;
      readonly inputs: number;
      readonly outputs: number;
      readonly depth: number;
    })
  | (Placed & { readonly kind: "relu" | "relu6" | "globalMean" | "add" | "concatenate" })
  /** From channels, height and width, in that order. */
  | (Placed & { readonly kind: "flatten"; readonly maps: readonly number[] });

export interface ConvolutionOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
}

/** Layers as they are put one after the other; each method returns the index of the layer that it adds. */
export class Drawing {
  readonly layers: Layer[] = [];

  get last(): number {
    return this.layers.length - 1;
  }

  put(layer: Layer): number {
    return this.layers.push(layer) - 1;
  }

  convolution(
    name: string,
    inputs: number,
    outputs: number,
    { kernel = 1, stride = 1, padding = 0, groups = 1 }: ConvolutionOptions,
    { bias = true, of = this.last }: { readonly bias?: boolean; readonly of?: number } = {},
  ): number {
    return this.put({ kind: "convolution", name, inputs, outputs, kernel, stride, padding, groups, bias, of: [of] });
  }

  /** A convolution without a bias, which keeps the maps' extents at stride 1, and batch normalization. */
  normalized(
    [convolution, norm]: readonly [string, string],
    inputs: number,
    outputs: number,
    options: ConvolutionOptions,
    of: number = this.last,
  ): number {
    const padding = ((options.kernel ?? 1) - 1) / 2;
    this.convolution(convolution, inputs, outputs, { padding, ...options }, { bias: false, of });
    return this.put({ kind: "batchNorm", name: norm, channels: outputs, of: [this.last] });
  }

  linear(name: string, inputs: number, outputs: number): number {
    return this.put({ kind: "linear", name, inputs, outputs, of: [this.last] });
  }

  apply(kind: "relu" | "relu6" | "globalMean" | "add" | "concatenate", ...of: readonly number[]): number {
    return this.put({ kind, of: of.length > 0 ? of : [this.last] });
  }

  maxPool(size: number, stride: number, padding = 0): number {
    return this.put({ kind: "maxPool", size, stride, padding, of: [this.last] });
  }

  flatten(...maps: readonly number[]): number {
    return this.put({ kind: "flatten", maps, of: [this.last] });
  }
}

export interface ParameterShape {
  /** As in a state dict: "layer1.0.conv1.weight". */
  readonly name: string;
  readonly shape: readonly number[];
  /** The largest magnitude of the initial values, or the only value of a normalization's. */
  readonly scale: number;
  readonly constant: boolean;
  readonly seed: number;
}

/** The parameters of a network in the order of its layers, weights before biases. */
export function parameterShapes(layers: readonly Layer[]): ParameterShape[] {
  const found: ParameterShape[] = [];
  const add = (name: string, shape: readonly number[], scale: number, constant = false): void => {
    found.push({ name, shape, scale, constant, seed: 100 + found.length });
  };
  for (const layer of layers) {
    if (layer.kind === "convolution" || layer.kind === "linear") {
      const { name, inputs, outputs } = layer;
      const kernel = layer.kind === "convolution" ? [layer.kernel, layer.kernel] : [];
      const each = layer.kind === "convolution" ? inputs / layer.groups : inputs;
      const shape = [outputs, each, ...kernel];
      add(`${name}.weight`, shape, Math.sqrt(6 / (count(shape) / outputs)));
      if (layer.kind === "linear" || layer.bias) add(`${name}.bias`, [outputs], 0.1);
    } else if (layer.kind === "batchNorm") {
      add(`${layer.name}.weight`, [layer.channels], 1, true);
      add(`${layer.name}.bias`, [layer.channels], 0, true);
    } else if (layer.kind === "lstm") {
      const { name, inputs, outputs, depth } = layer;
      const scale = 1 / Math.sqrt(outputs);
      for (let level = 0; level < depth; level++) {
        add(`${name}.weight_ih_l${level}`, [4 * outputs, level === 0 ? inputs : outputs], scale);
        add(`${name}.weight_hh_l${level}`, [4 * outputs, outputs], scale);
        add(`${name}.bias_ih_l${level}`, [4 * outputs], scale);
        add(`${name}.bias_hh_l${level}`, [4 * outputs], scale);
      }
    }
  }
  return found;
}

/** The initial values of a parameter. */
export function initialValues({ shape, scale, constant, seed }: ParameterShape): Float32Array {
  return constant ? new Float32Array(count(shape)).fill(scale) : numbers(count(shape), seed, scale);
}

/** How many elements a shape has. */
export function count(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
