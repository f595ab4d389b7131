/**
 * Networks, described apart from any library. Names are torchvision's, so that Sconce's models and others' take the same
 * parameters.
 */
import { type ConvolutionOptions, Drawing, type Layer } from "./layers.ts";

export type NetworkName =
  | "mlp"
  | "lenet5"
  | "lstm"
  | "resnet18-cifar"
  | "resnet18"
  | "resnet50"
  | "mobilenet-v2"
  | "vgg16"
  | "squeezenet1.1";

function mlp(to: Drawing): void {
  to.linear("0", 784, 512);
  to.apply("relu");
  to.linear("2", 512, 256);
  to.apply("relu");
  to.linear("4", 256, 10);
}

/** LeNet-5 (LeCun et al. 1998), with ReLU and max pooling as it is usually written today. */
function lenet5(to: Drawing): void {
  to.convolution("0", 1, 6, { kernel: 5, padding: 2 });
  to.apply("relu");
  to.maxPool(2, 2);
  to.convolution("3", 6, 16, { kernel: 5 });
  to.apply("relu");
  to.maxPool(2, 2);
  to.flatten(16, 5, 5);
  to.linear("7", 400, 120);
  to.apply("relu");
  to.linear("9", 120, 84);
  to.apply("relu");
  to.linear("11", 84, 10);
}

/** Two layers of long short-term memory, and logits at every step. */
function lstm(to: Drawing): void {
  to.put({ kind: "lstm", name: "lstm", inputs: 128, outputs: 256, depth: 2, of: [-1] });
  to.linear("fc", 256, 100);
}

/** ResNet (He et al. 2016), its blocks of two 3x3 convolutions or, as bottlenecks, of a 1x1, a 3x3 and a 1x1 one. */
const resnet =
  (depths: readonly number[], { bottleneck = false, cifar = false, classes = 1000 } = {}) =>
  (to: Drawing): void => {
    to.normalized(["conv1", "bn1"], 3, 64, cifar ? { kernel: 3 } : { kernel: 7, stride: 2 });
    to.apply("relu");
    if (!cifar) to.maxPool(3, 2, 1);
    let inputs = 64;
    for (const [stage, depth] of depths.entries()) {
      const width = 64 << stage;
      const outputs = bottleneck ? 4 * width : width;
      for (let i = 0; i < depth; i++) {
        const block = `layer${stage + 1}.${i}`;
        const start = to.last;
        const stride = stage > 0 && i === 0 ? 2 : 1;
        const steps: readonly (readonly [outputs: number, options: ConvolutionOptions])[] = bottleneck
          ? [
              [width, {}],
              [width, { kernel: 3, stride }],
              [outputs, {}],
            ]
          : [
              [width, { kernel: 3, stride }],
              [outputs, { kernel: 3 }],
            ];
        let channels = inputs;
        for (const [step, [next, options]] of steps.entries()) {
          if (step > 0) to.apply("relu");
          to.normalized([`${block}.conv${step + 1}`, `${block}.bn${step + 1}`], channels, next, options);
          channels = next;
        }
        const end = to.last;
        const shortcut =
          stride === 1 && inputs === outputs
            ? start
            : to.normalized([`${block}.downsample.0`, `${block}.downsample.1`], inputs, outputs, { stride }, start);
        to.apply("add", end, shortcut);
        to.apply("relu");
        inputs = outputs;
      }
    }
    to.apply("globalMean");
    to.linear("fc", inputs, classes);
  };

/** MobileNetV2 (Sandler et al. 2018): expansion, channels, blocks and first stride of each stage. */
function mobilenetV2(to: Drawing): void {
  const stages = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ];
  const activated = (name: string, inputs: number, outputs: number, options: ConvolutionOptions): void => {
    to.normalized([`${name}.0`, `${name}.1`], inputs, outputs, options);
    to.apply("relu6");
  };
  activated("features.0", 3, 32, { kernel: 3, stride: 2 });
  let inputs = 32;
  let block = 1;
  for (const [expansion, outputs, blocks, first] of stages) {
    for (let i = 0; i < blocks; i++) {
      const start = to.last;
      const stride = i === 0 ? first : 1;
      const hidden = inputs * expansion;
      const name = `features.${block++}.conv`;
      let part = 0;
      if (expansion > 1) activated(`${name}.${part++}`, inputs, hidden, {});
      activated(`${name}.${part++}`, hidden, hidden, { kernel: 3, stride, groups: hidden });
      to.normalized([`${name}.${part}`, `${name}.${part + 1}`], hidden, outputs, {});
      if (stride === 1 && inputs === outputs) to.apply("add", start, to.last);
      inputs = outputs;
    }
  }
  activated(`features.${block}`, inputs, 1280, {});
  to.apply("globalMean");
  to.linear("classifier.1", 1280, 1000);
}

/** VGG-16 (Simonyan and Zisserman 2015). */
function vgg16(to: Drawing): void {
  let inputs = 3;
  for (const [stage, depth] of [2, 2, 3, 3, 3].entries()) {
    const outputs = Math.min(64 << stage, 512);
    for (let i = 0; i < depth; i++) {
      to.convolution(`features.${to.layers.length}`, inputs, outputs, { kernel: 3, padding: 1 });
      to.apply("relu");
      inputs = outputs;
    }
    to.maxPool(2, 2);
  }
  to.flatten(512, 7, 7);
  to.linear("classifier.0", 512 * 7 * 7, 4096);
  to.apply("relu");
  to.linear("classifier.3", 4096, 4096);
  to.apply("relu");
  to.linear("classifier.6", 4096, 1000);
}

/** SqueezeNet 1.1 (Iandola et al. 2016); `null` stands for a pool, whose ceiling mode makes no difference at 224 pixels. */
function squeezenet11(to: Drawing): void {
  to.convolution("features.0", 3, 64, { kernel: 3, stride: 2 });
  to.apply("relu");
  let inputs = 64;
  let index = 2;
  for (const width of [null, 16, 16, null, 32, 32, null, 48, 48, 64, 64]) {
    const name = `features.${index++}`;
    if (width === null) {
      to.maxPool(3, 2);
      continue;
    }
    to.convolution(`${name}.squeeze`, inputs, width, {});
    const squeezed = to.apply("relu");
    to.convolution(`${name}.expand1x1`, width, 4 * width, {});
    const narrow = to.apply("relu");
    to.convolution(`${name}.expand3x3`, width, 4 * width, { kernel: 3, padding: 1 }, { of: squeezed });
    to.apply("concatenate", narrow, to.apply("relu"));
    inputs = 8 * width;
  }
  to.convolution("classifier.1", inputs, 1000, {});
  to.apply("relu");
  to.apply("globalMean");
}

/** Each network, and how many parameters it has. */
const networks: Readonly<Record<NetworkName, readonly [draw: (to: Drawing) => void, parameters: number]>> = {
  mlp: [mlp, 535_818],
  lenet5: [lenet5, 61_706],
  lstm: [lstm, 947_300],
  "resnet18-cifar": [resnet([2, 2, 2, 2], { cifar: true, classes: 10 }), 11_173_962],
  resnet18: [resnet([2, 2, 2, 2]), 11_689_512],
  resnet50: [resnet([3, 4, 6, 3], { bottleneck: true }), 25_557_032],
  "mobilenet-v2": [mobilenetV2, 3_504_872],
  vgg16: [vgg16, 138_357_544],
  "squeezenet1.1": [squeezenet11, 1_235_496],
};

/** The layers of a network. */
export function layersOf(name: NetworkName): readonly Layer[] {
  const drawing = new Drawing();
  networks[name][0](drawing);
  return drawing.layers;
}

/** How many parameters a network has; every library's must have as many. */
export function parameterCount(name: NetworkName): number {
  return networks[name][1];
}
