"""Writes golden values of the layers: results, gradients of inputs and parameters, and statistics after training.
usage: python tools/parity/layers.py"""
import json
import zlib
from pathlib import Path

import torch
from torch import nn

from golden import described, distinct, exactly, gradients_of, integers, nonzero, numbers, uniform

FOLDER = Path(__file__).parents[2] / "packages" / "layers" / "test" / "golden"
KINDS = {torch.float64: "float32", torch.int64: "int32"}


class Layers:
    """The cases of one golden file."""

    def __init__(self):
        self.cases = []

    def add(self, layer, arguments, module, inputs, title="", training=True):
        """`arguments` are those of Sconce's constructor; `module` is PyTorch's layer (or a function)."""
        name = f"{layer}({', '.join(json.dumps(argument) for argument in arguments)}){title and ', ' + title}"
        if any(case["name"] == name for case in self.cases):
            raise ValueError(f"two cases are named {name}")
        inputs = inputs if isinstance(inputs, list) else [inputs]
        generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
        tensors = [given.tensor(generator) for given in inputs]
        for tensor in tensors:
            tensor.requires_grad_(tensor.is_floating_point())
        case = {"name": name, "layer": layer, "arguments": arguments, "training": training}
        case["inputs"] = [described(tensor, given.dtype) for tensor, given in zip(tensors, inputs)]
        parameters = {}
        if isinstance(module, nn.Module):
            module = module.double().train(training)
            for key, value in module.state_dict().items():
                if value.dtype == torch.float64:
                    low = 0.5 if key.endswith("running_var") else -2
                    value.copy_(uniform(*value.shape, low=low).tensor(generator))
            case["state"] = state_of(module)
            parameters = dict(module.named_parameters())
        result = module(*tensors)
        case["result"] = described(result, "float32")
        floats = [tensor for tensor in tensors if tensor.requires_grad] + list(parameters.values())
        gradients = gradients_of([result], floats, 0, False)
        case["gradients"] = [numbers(gradient) for gradient in gradients[: len(floats) - len(parameters)]]
        case["parameterGradients"] = dict(zip(parameters, map(numbers, gradients[len(floats) - len(parameters) :])))
        if isinstance(module, nn.Module) and training and list(module.buffers()):
            case["stateAfter"] = state_of(module)
        self.cases.append(case)

    def write(self, name):
        path = FOLDER / f"{name}.json"
        path.write_text("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in self.cases) + "\n]\n")
        print(f"{path.name}: {len(self.cases)} cases, {path.stat().st_size / 1000:.0f} kB")


def state_of(module):
    return {key: described(value, KINDS[value.dtype]) for key, value in module.state_dict().items()}


def activations():
    cases = Layers()
    # Around zero, far from it on both sides, and where a formula changes.
    x = exactly([[-100, -20, -6, -4, -3, -2.5, -1, -0.5, -0.03125, 0], [0.03125, 0.5, 1, 2.5, 2.9375, 4, 5.96875, 10, 20, 100]])
    for layer, arguments, module in (
        ("Sigmoid", [], nn.Sigmoid()), ("Tanh", [], nn.Tanh()), ("ReLU", [], nn.ReLU()), ("ReLU6", [], nn.ReLU6()),
        ("LeakyReLU", [], nn.LeakyReLU()), ("LeakyReLU", [0.25], nn.LeakyReLU(0.25)),
        ("ELU", [], nn.ELU()), ("ELU", [0.5], nn.ELU(0.5)), ("SELU", [], nn.SELU()),
        ("GELU", [], nn.GELU()), ("GELU", [{"approximate": "tanh"}], nn.GELU("tanh")),
        ("SiLU", [], nn.SiLU()), ("Mish", [], nn.Mish()), ("Hardswish", [], nn.Hardswish()), ("Hardsigmoid", [], nn.Hardsigmoid()),
        ("Softplus", [], nn.Softplus()), ("Softplus", [{"beta": 2, "threshold": 4}], nn.Softplus(2, 4)), ("Softsign", [], nn.Softsign()),
        ("GLU", [], nn.GLU()), ("GLU", [0], nn.GLU(0)),
        ("Softmax", [], nn.Softmax(-1)), ("Softmax", [0], nn.Softmax(0)), ("LogSoftmax", [], nn.LogSoftmax(-1)), ("LogSoftmax", [0], nn.LogSoftmax(0)),
        ("PReLU", [], nn.PReLU()),
    ):
        cases.add(layer, arguments, module, x)
    cases.add("PReLU", [3], nn.PReLU(3), nonzero(2, 3, 2, 2))
    cases.add("PReLU", [3], nn.PReLU(3), nonzero(4, 3), "without further axes")
    cases.write("activations")


def normalizations():
    cases = Layers()
    for layer, module, shapes in (
        ("BatchNorm1d", nn.BatchNorm1d, [(4, 3), (2, 3, 5)]),
        ("BatchNorm2d", nn.BatchNorm2d, [(2, 3, 3, 2)]),
        ("BatchNorm3d", nn.BatchNorm3d, [(2, 3, 2, 2, 2)]),
    ):
        for shape in shapes:
            for training in (True, False):
                title = f"{len(shape)} axes, {'training' if training else 'inference'}"
                cases.add(layer, [3], module(3), uniform(*shape), title, training)
        shape = shapes[-1]
        cases.add(layer, [3, {"epsilon": 0.25, "momentum": 0.5, "affine": False}], module(3, 0.25, 0.5, False), uniform(*shape))
        cases.add(layer, [3, {"momentum": None}], module(3, momentum=None), uniform(*shape))
    cases.add("LayerNorm", [4], nn.LayerNorm(4), uniform(2, 3, 4))
    cases.add("LayerNorm", [[3, 4], {"epsilon": 0.5}], nn.LayerNorm([3, 4], 0.5), uniform(2, 3, 4))
    cases.add("LayerNorm", [4, {"bias": False}], nn.LayerNorm(4, bias=False), uniform(3, 4))
    cases.add("LayerNorm", [4, {"affine": False}], nn.LayerNorm(4, elementwise_affine=False), uniform(3, 4))
    cases.add("GroupNorm", [2, 4], nn.GroupNorm(2, 4), uniform(2, 4, 3, 2))
    cases.add("GroupNorm", [4, 4, {"epsilon": 0.5, "affine": False}], nn.GroupNorm(4, 4, 0.5, False), uniform(2, 4, 5))
    cases.add("InstanceNorm1d", [3], nn.InstanceNorm1d(3), uniform(2, 3, 5))
    cases.add("InstanceNorm1d", [3, {"affine": True}], nn.InstanceNorm1d(3, affine=True), uniform(2, 3, 5))
    cases.add("InstanceNorm2d", [3], nn.InstanceNorm2d(3), uniform(2, 3, 2, 3))
    cases.add("InstanceNorm2d", [3, {"affine": True, "epsilon": 0.5}], nn.InstanceNorm2d(3, 0.5, affine=True), uniform(2, 3, 2, 3))
    cases.add("LocalResponseNorm", [2], nn.LocalResponseNorm(2), uniform(2, 5, 3))
    cases.add("LocalResponseNorm", [3, {"alpha": 0.5, "beta": 0.5, "k": 2}], nn.LocalResponseNorm(3, 0.5, 0.5, 2), uniform(2, 5, 2, 3))
    cases.add("LocalResponseNorm", [4, {"alpha": 1}], nn.LocalResponseNorm(4, 1), uniform(1, 3, 2, 2, 2))
    cases.add("RMSNorm", [4], nn.RMSNorm(4), uniform(2, 3, 4))
    cases.add("RMSNorm", [[3, 4], {"epsilon": 0.5}], nn.RMSNorm([3, 4], 0.5), uniform(2, 3, 4))
    cases.add("RMSNorm", [4, {"affine": False}], nn.RMSNorm(4, elementwise_affine=False), uniform(3, 4))
    cases.write("normalizations")


TORCH_NAMES = {"kernelSize": "kernel_size", "outputPadding": "output_padding", "ceilMode": "ceil_mode", "countIncludePad": "count_include_pad"}


def convolutions():
    cases = Layers()

    def add(layer, inputs, outputs, shape, **options):
        named = {TORCH_NAMES.get(name, name): value for name, value in options.items()}
        cases.add(layer, [inputs, outputs, options], getattr(nn, layer)(inputs, outputs, **named), uniform(*shape))

    add("Conv1d", 2, 3, (2, 2, 6), kernelSize=3)
    add("Conv1d", 4, 2, (1, 4, 7), kernelSize=3, stride=2, padding=1, groups=2, bias=False)
    add("Conv1d", 2, 2, (1, 2, 7), kernelSize=2, dilation=3, padding="same")
    add("Conv2d", 2, 3, (2, 2, 4, 5), kernelSize=3, padding=1)
    add("Conv2d", 4, 4, (1, 4, 5, 4), kernelSize=[3, 2], stride=[2, 1], padding=[1, 0], dilation=[1, 2], groups=2)
    add("Conv2d", 3, 3, (1, 3, 4, 4), kernelSize=3, groups=3, bias=False)
    add("Conv3d", 2, 2, (1, 2, 3, 4, 3), kernelSize=2)
    add("Conv3d", 2, 2, (1, 2, 3, 4, 3), kernelSize=[1, 3, 2], stride=[1, 2, 1], padding=[0, 1, 1], groups=2, bias=False)
    add("ConvTranspose1d", 2, 3, (2, 2, 4), kernelSize=3)
    add("ConvTranspose1d", 4, 2, (1, 4, 4), kernelSize=3, stride=2, padding=1, outputPadding=1, groups=2, bias=False)
    add("ConvTranspose2d", 2, 3, (1, 2, 3, 3), kernelSize=2, stride=2)
    add("ConvTranspose2d", 4, 4, (1, 4, 3, 2), kernelSize=[3, 2], stride=[2, 1], padding=[1, 0], outputPadding=[1, 0], dilation=[1, 2], groups=2)

    class Separable(nn.Module):
        def __init__(self, inputs, outputs, kernel, padding):
            super().__init__()
            self.depthwise = nn.Conv2d(inputs, inputs, kernel, padding=padding, groups=inputs)
            self.pointwise = nn.Conv2d(inputs, outputs, 1)

        def forward(self, x):
            return self.pointwise(self.depthwise(x))

    cases.add("DepthwiseSeparableConv2d", [2, 3, {"kernelSize": 3, "padding": 1}], Separable(2, 3, 3, 1), uniform(1, 2, 4, 4))
    cases.add("Linear", [3, 2], nn.Linear(3, 2), uniform(2, 2, 3))
    cases.add("Bilinear", [2, 3, 4], nn.Bilinear(2, 3, 4), [uniform(5, 2), uniform(5, 3)])
    cases.add("Bilinear", [2, 3, 1, {"bias": False}], nn.Bilinear(2, 3, 1, bias=False), [uniform(2, 2, 2), uniform(2, 2, 3)])
    cases.add("Embedding", [5, 3], nn.Embedding(5, 3), integers(2, 4, high=5))
    cases.add("Embedding", [4, 2, {"paddingIndex": 1}], nn.Embedding(4, 2, 1), integers(3, 4, high=4))
    cases.add("Embedding", [4, 2, {"paddingIndex": -1}], nn.Embedding(4, 2, -1), integers(3, 4, high=4))
    cases.write("convolutions")


def pools():
    cases = Layers()

    def add(layer, arguments, shape, values=distinct, torch_arguments=None, **options):
        named = {TORCH_NAMES.get(name, name): value for name, value in options.items()}
        module = getattr(nn, layer)(*(arguments if torch_arguments is None else torch_arguments), **named)
        cases.add(layer, [*arguments, options] if options else arguments, module, values(*shape))

    positive = lambda *shape: uniform(*shape, low=0.25)
    add("MaxPool1d", [3], (2, 2, 8), stride=2, padding=1)
    add("AvgPool1d", [2], (2, 2, 7), ceilMode=True)
    add("MaxPool2d", [2], (1, 2, 4, 6))
    add("AvgPool2d", [[3, 2]], (1, 2, 5, 4), stride=1, padding=[1, 0], countIncludePad=False)
    add("AdaptiveAvgPool1d", [3], (2, 2, 7))
    add("AdaptiveAvgPool2d", [[2, 3]], (1, 2, 5, 4))
    add("AdaptiveMaxPool1d", [3], (2, 2, 7))
    add("AdaptiveMaxPool2d", [2], (1, 2, 5, 4))
    add("LPPool1d", [2, 3], (2, 2, 7), nonzero, stride=2)
    add("LPPool1d", [3, 2], (1, 2, 7), positive, ceilMode=True)
    add("LPPool1d", [1.5, 2], (1, 2, 6), positive)
    add("LPPool2d", [2, 2], (1, 2, 4, 5), nonzero)
    add("LPPool2d", [3, [2, 3]], (1, 2, 5, 6), positive, stride=[1, 2], ceilMode=True)
    cases.add("GlobalAveragePool", [], lambda x: x.mean((2, 3)), distinct(2, 2, 3, 2))
    cases.add("GlobalMaxPool", [], lambda x: x.amax((2, 3)), distinct(2, 2, 3, 2))
    cases.write("pools")


def shapes():
    cases = Layers()
    cases.add("Upsample", [{"scaleFactor": 2}], nn.Upsample(scale_factor=2), uniform(1, 2, 3, 2))
    cases.add("Upsample", [{"size": [3, 5], "mode": "bilinear"}], nn.Upsample((3, 5), mode="bilinear"), uniform(1, 2, 3, 2))
    options = {"scaleFactor": 2, "mode": "bilinear", "alignCorners": True}
    cases.add("Upsample", [options], nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), uniform(1, 2, 3, 2))
    cases.add("PixelShuffle", [2], nn.PixelShuffle(2), uniform(2, 8, 2, 3))
    cases.add("PixelUnshuffle", [2], nn.PixelUnshuffle(2), uniform(2, 2, 4, 6))
    cases.add("ChannelShuffle", [3], nn.ChannelShuffle(3), uniform(2, 6, 2, 2))
    for layer, module in (("ZeroPad2d", nn.ZeroPad2d), ("ReflectionPad2d", nn.ReflectionPad2d), ("ReplicationPad2d", nn.ReplicationPad2d)):
        cases.add(layer, [1], module(1), uniform(1, 2, 3, 3))
        cases.add(layer, [[1, 2, 0, 1]], module((1, 2, 0, 1)), uniform(1, 2, 3, 3))
    cases.add("ZeroPad2d", [[-1, 1, 0, -1]], nn.ZeroPad2d((-1, 1, 0, -1)), uniform(1, 2, 3, 3))
    cases.add("Flatten", [], nn.Flatten(), uniform(2, 3, 2))
    cases.add("Unflatten", [1, [2, 3]], nn.Unflatten(1, (2, 3)), uniform(2, 6, 2))
    cases.add("Unflatten", [-1, [2, -1]], nn.Unflatten(-1, (2, -1)), uniform(2, 6))

    class SqueezeExcitation(nn.Module):  # torchvision.ops.SqueezeExcitation
        def __init__(self, channels, squeezed, activation, scale_activation):
            super().__init__()
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.fc1 = nn.Conv2d(channels, squeezed, 1)
            self.fc2 = nn.Conv2d(squeezed, channels, 1)
            self.activation, self.scale_activation = activation, scale_activation

        def forward(self, x):
            return x * self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(x)))))

    cases.add("SqueezeExcitation", [4, 2], SqueezeExcitation(4, 2, nn.ReLU(), nn.Sigmoid()), uniform(2, 4, 3, 2))
    cases.write("shapes")


if __name__ == "__main__":
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for write in (activations, normalizations, convolutions, pools, shapes):
        write()
