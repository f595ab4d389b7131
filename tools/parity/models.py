"""Writes what torchvision says of its networks: parameters, names and shapes of the state, and logits for weights that a
formula gives, so that only the logits need committing.
usage: python tools/parity/models.py"""
import json
from pathlib import Path

import numpy as np
import torch
from golden import numbers
from torch import nn
from torch.nn import functional
from torchvision import models

FOLDER = Path(__file__).parents[2] / "packages" / "models" / "test" / "golden"


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        for convolution in self.conv1, self.conv2:
            x = functional.max_pool2d(functional.relu(convolution(x)), 2)
        return self.fc3(functional.relu(self.fc2(functional.relu(self.fc1(x.flatten(1))))))


def cifar_resnet18():
    net = models.resnet18(num_classes=10)
    net.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    net.maxpool = nn.Identity()
    return net


def narrow_vgg(make):
    net = make(num_classes=10)
    net.classifier[0], net.classifier[3], net.classifier[6] = nn.Linear(25088, 32), nn.Linear(32, 32), nn.Linear(32, 10)
    return net


# Sconce's call, torchvision's network, the input of its golden logits, whether the whole state is written.
NETWORKS = [
    ("LeNet5", {}, LeNet5, [2, 1, 28, 28], True),
    ("resnet18", {}, models.resnet18, [2, 3, 64, 64], True),
    ("resnet18", {"stem": "cifar", "numClasses": 10}, cifar_resnet18, [1, 3, 32, 32], False),
    ("resnet34", {}, models.resnet34, [1, 3, 32, 32], False),
    ("resnet50", {}, models.resnet50, [1, 3, 64, 64], True),
    ("resnet101", {}, models.resnet101, [1, 3, 32, 32], False),
    ("resnet152", {}, models.resnet152, [1, 3, 32, 32], False),
    ("vgg11", {}, models.vgg11, None, True),
    ("vgg11", {"hidden": 32, "numClasses": 10}, lambda: narrow_vgg(models.vgg11), [1, 3, 32, 32], False),
    ("vgg11Bn", {}, models.vgg11_bn, None, True),
    ("vgg11Bn", {"hidden": 32, "numClasses": 10}, lambda: narrow_vgg(models.vgg11_bn), [1, 3, 64, 64], False),
    ("vgg13", {}, models.vgg13, None, False),
    ("vgg13", {"hidden": 32, "numClasses": 10}, lambda: narrow_vgg(models.vgg13), [1, 3, 32, 32], False),
    ("vgg13Bn", {}, models.vgg13_bn, None, False),
    ("vgg13Bn", {"hidden": 32, "numClasses": 10}, lambda: narrow_vgg(models.vgg13_bn), [1, 3, 32, 32], False),
    ("vgg16", {}, models.vgg16, None, False),
    ("vgg16", {"hidden": 32, "numClasses": 10}, lambda: narrow_vgg(models.vgg16), [1, 3, 32, 32], False),
    ("vgg16Bn", {}, models.vgg16_bn, None, False),
    ("vgg16Bn", {"hidden": 32, "numClasses": 10}, lambda: narrow_vgg(models.vgg16_bn), [1, 3, 32, 32], False),
    ("vgg19", {}, models.vgg19, None, False),
    ("vgg19", {"hidden": 32, "numClasses": 10}, lambda: narrow_vgg(models.vgg19), [1, 3, 32, 32], False),
    ("vgg19Bn", {}, models.vgg19_bn, None, False),
    ("vgg19Bn", {"hidden": 32, "numClasses": 10}, lambda: narrow_vgg(models.vgg19_bn), [1, 3, 32, 32], False),
    ("mobilenetV2", {}, models.mobilenet_v2, [2, 3, 64, 64], True),
    ("mobilenetV2", {"widthMultiplier": 0.35}, lambda: models.mobilenet_v2(width_mult=0.35), [1, 3, 32, 32], False),
    ("squeezenet10", {}, models.squeezenet1_0, [1, 3, 64, 64], True),
    ("squeezenet11", {}, models.squeezenet1_1, [2, 3, 64, 64], True),
]


def fnv1a(text):
    code = 0x811C9DC5
    for byte in text.encode():
        code = (code ^ byte) * 0x01000193 % 2**32
    return code


def bits(name, size):
    """Random 32-bit numbers: mulberry32 from the hash of the name."""
    with np.errstate(over="ignore"):
        state = np.uint32(fnv1a(name)) + np.arange(1, size + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
        t = (state ^ (state >> 15)) * (state | 1)
        t ^= t + (t ^ (t >> 7)) * (t | 61)
    return t ^ (t >> 14)


def uniform(name, shape):
    """Numbers in [-1, 1), from the random bits of the name."""
    return (bits(name, int(np.prod(shape))) / 2**31 - 1).reshape(shape)


def value(name, shape):
    """The value of a variable: what keeps signals at their size in a weight, near 1 or 0 elsewhere."""
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape)
    u = uniform(name, shape)
    if len(shape) > 1:
        return u * (6 / np.prod(shape[1:])) ** 0.5
    return 1 + u / 2 if name.endswith(("running_var", "weight")) else u / 8


def described(call, options, make, image, whole):
    net = make().double().eval()
    state = net.state_dict()
    lines = sorted(f"{name}:{','.join(map(str, v.shape))}" for name, v in state.items())
    entry = {"network": call, "options": options, "parameters": sum(p.numel() for p in net.parameters())}
    entry["digest"] = fnv1a("\n".join(lines))
    if whole:
        entry["state"] = {name: list(v.shape) for name, v in state.items()}
    if image:
        # Rounded as Sconce stores them, computed wider.
        rounded = {name: torch.from_numpy(np.asarray(value(name, v.shape), np.float32)) for name, v in state.items()}
        net.load_state_dict(rounded)
        with torch.no_grad():
            logits = net(torch.from_numpy(uniform("images", image).astype(np.float32)).double())
        entry["images"] = image
        entry["logits"] = numbers(logits[-1][:16].float())
        entry["norm"] = float(f"{logits.norm():.9g}")
    return entry


def main():
    torch.manual_seed(0)
    entries = [json.dumps(described(*network), separators=(",", ":")) for network in NETWORKS]
    path = FOLDER / "classification.json"
    path.write_text("[\n" + ",\n".join(entries) + "\n]\n")
    print(f"{path.name}: {len(entries)} networks, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
