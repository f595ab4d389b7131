/** A network as an ONNX model, its parameters being constants of the graph, as those of exported models are. */
import { initialValues, type Layer, parameterShapes } from "../layers.ts";
import { content, type Encoded, integer, message } from "./protobuf.ts";

/** Codes of onnx.proto, whose field numbers are written where the fields are. */
const [floatType, integerAttribute, integersAttribute] = [1, 2, 7];
const irVersion = 8;
const operatorSet = 17;

type Attributes = Readonly<Record<string, number | readonly number[]>>;

interface Operation {
  readonly type: string;
  /** Besides the layer's own inputs. */
  readonly constants?: readonly string[];
  readonly attributes?: Attributes;
}

/** The operations of a layer, each of which takes the result of the one before. */
function operationsOf(layer: Layer): readonly Operation[] {
  switch (layer.kind) {
    case "convolution": {
      const { name, kernel, stride, padding, groups, bias } = layer;
      const constants = [`${name}.weight`, ...(bias ? [`${name}.bias`] : [])];
      return [{ type: "Conv", constants, attributes: { ...windows(kernel, stride, padding), group: groups } }];
    }
    case "batchNorm": {
      const constants = ["weight", "bias", "mean", "variance"].map((part) => `${layer.name}.${part}`);
      return [{ type: "BatchNormalization", constants }];
    }
    case "linear":
      return [{ type: "Gemm", constants: [`${layer.name}.weight`, `${layer.name}.bias`], attributes: { transB: 1 } }];
    case "maxPool":
      return [{ type: "MaxPool", attributes: windows(layer.size, layer.stride, layer.padding) }];
    case "relu":
      return [{ type: "Relu" }];
    case "relu6":
      return [{ type: "Clip", constants: ["zero", "six"] }];
    case "globalMean":
      return [{ type: "GlobalAveragePool" }, { type: "Flatten" }];
    case "flatten":
      return [{ type: "Flatten" }];
    case "add":
      return [{ type: "Add" }];
    case "concatenate":
      return [{ type: "Concat", attributes: { axis: 1 } }];
    case "lstm":
      throw new Error("onnx: LSTM is not written");
  }
}

function windows(size: number, stride: number, padding: number): Attributes {
  return { kernel_shape: [size, size], strides: [stride, stride], pads: [padding, padding, padding, padding] };
}

/** The file: `layers` as a graph from "x" of `shape` to "y". */
export function onnxModel(layers: readonly Layer[], shape: readonly number[]): Uint8Array {
  const last = layers.length - 1;
  const resultOf = (index: number): string => (index < 0 ? "x" : index === last ? "y" : `layer${index}`);
  const nodes = layers.flatMap((layer, index) => {
    const operations = operationsOf(layer);
    return operations.map(({ type, constants = [], attributes = {} }, i) => {
      const step = (i: number): string => (i === operations.length ? resultOf(index) : `${resultOf(index)}.${i}`);
      const inputs = [...(i === 0 ? layer.of.map(resultOf) : [step(i)]), ...constants];
      return content(1, node(type, inputs, step(i + 1), attributes));
    });
  });
  const graph = message(
    ...nodes,
    content(2, "network"),
    ...constantsOf(layers).map(([name, shape, values]) => content(5, constant(name, shape, values))),
    content(11, valueInfo("x", shape)),
    content(12, message(content(1, "y"), content(2, message(content(1, integer(1, floatType)))))),
  );
  const model = message(integer(1, irVersion), content(7, graph), content(8, integer(2, operatorSet)));
  return Buffer.concat(model.pieces, model.length);
}

function node(type: string, inputs: readonly string[], output: string, attributes: Attributes): Encoded {
  return message(
    ...inputs.map((name) => content(1, name)),
    content(2, output),
    content(4, type),
    ...Object.entries(attributes).map(([name, value]) => content(5, attribute(name, value))),
  );
}

function attribute(name: string, value: number | readonly number[]): Encoded {
  if (typeof value === "number") return message(content(1, name), integer(3, value), integer(20, integerAttribute));
  return message(content(1, name), ...value.map((each) => integer(8, each)), integer(20, integersAttribute));
}

/** Name, shape and values of all that the nodes read besides layers' results. */
function constantsOf(layers: readonly Layer[]): (readonly [string, readonly number[], Float32Array])[] {
  return [
    ...parameterShapes(layers).map((parameter) => [parameter.name, parameter.shape, initialValues(parameter)] as const),
    ...layers.flatMap((layer) => {
      if (layer.kind !== "batchNorm") return [];
      const { name, channels } = layer;
      return [
        [`${name}.mean`, [channels], new Float32Array(channels)] as const,
        [`${name}.variance`, [channels], new Float32Array(channels).fill(1)] as const,
      ];
    }),
    ["zero", [], Float32Array.of(0)],
    ["six", [], Float32Array.of(6)],
  ];
}

function constant(name: string, shape: readonly number[], { buffer }: Float32Array): Encoded {
  const dims = shape.map((extent) => integer(1, extent));
  return message(...dims, integer(2, floatType), content(8, name), content(9, new Uint8Array(buffer)));
}

function valueInfo(name: string, shape: readonly number[]): Encoded {
  const dims = shape.map((extent) => content(1, integer(1, extent)));
  const tensor = message(integer(1, floatType), content(2, message(...dims)));
  return message(content(1, name), content(2, content(1, tensor)));
}
