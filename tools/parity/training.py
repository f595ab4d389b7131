"""Writes what a training step of torchvision's ResNet-50 gives in PyTorch, for weights and images that a formula gives:
the loss, what tells two gradients apart, and the losses of ten steps of SGD with momentum.
usage: python tools/parity/training.py

A gradient is known by its norm and by its sums under eight vectors of signs: the mean square of the differences of such
sums estimates the squared norm of the difference, so that 1500 numbers stand for 25 million.

Where the input of a ReLU is so near 0 that its sign is a matter of rounding, a gradient is there or not, and two correct
implementations differ by percents. The biases of the batch norms keep nearly all inputs away from 0, and small scales at
the ends of the residual branches keep errors from growing. The gradients of PyTorch's own float32 are then within 1e-5 for
small images, and within 4e-4 for large ones, with biases further from 0.
"""
import json
from pathlib import Path

import numpy as np
import torch
from golden import number
from models import bits, uniform
from torch.nn import functional
from torchvision import models

FOLDER = Path(__file__).parents[2] / "packages" / "models" / "test" / "golden"
VECTORS = 8
LEARNING_RATE, MOMENTUM, STEPS = 0.001, 0.9, 10


def value(name, shape, offset):
    """The value of a variable; the biases of the batch norms are about `offset`, up or down."""
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape)
    u = uniform(name, shape)
    if len(shape) > 1:
        return u * (6 / np.prod(shape[1:])) ** 0.5
    if name.endswith("running_var"):
        return 1 + u / 2
    if name.endswith(("running_mean", "fc.bias")):
        return u / 8
    scale = 0.25 if ".bn3." in name else 1
    if name.endswith("weight"):
        return scale * (1 + u / 4)
    # What is added up in a stage has the same signs.
    signs = uniform(name[:6], shape) if ".bn3." in name or "downsample" in name else u
    return scale * (u / 8 + np.where(signs < 0, -offset, offset))


def described(name, gradient):
    """The norm of a gradient, and its sums under the signs that the highest bits of a hash of its name and index give."""
    flat = gradient.double().numpy().ravel()
    hashed = bits(f"signs {name}", flat.size)
    sums = [np.sum(np.where(hashed >> np.uint32(31 - i) & np.uint32(1), -flat, flat)) for i in range(VECTORS)]
    return [number(x) for x in [np.linalg.norm(flat), *sums]]


def train(shape, offset, dtype):
    """The loss of each step, and the first step's gradients by name."""
    net = models.resnet50(num_classes=10)
    state = {name: np.asarray(value(name, v.shape, offset), np.float32) for name, v in net.state_dict().items()}
    net.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    net = net.to(dtype).train()
    images = torch.from_numpy(uniform("images", shape).astype(np.float32)).to(dtype)
    labels = torch.arange(shape[0]) * 3 % 10
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    losses, first = [], None
    for _ in range(STEPS):
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(net(images), labels)
        loss.backward()
        losses.append(loss.item())
        first = first or {name: parameter.grad.clone() for name, parameter in net.named_parameters()}
        optimizer.step()
    return losses, first


def write(name, shape, offset):
    losses, gradients = train(shape, offset, torch.float64)
    narrow, again = train(shape, offset, torch.float32)
    noise = max(((again[key] - g).norm() / g.norm()).item() for key, g in gradients.items())
    golden = {
        "images": shape,
        "offset": offset,
        "learningRate": LEARNING_RATE,
        "momentum": MOMENTUM,
        "losses": [number(loss) for loss in losses],
        "gradients": {key: described(key, g) for key, g in gradients.items()},
    }
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(golden, separators=(",", ":")).replace('],"', '],\n"') + "\n")
    print(f"{path.name}: losses {golden['losses']}; in float32 {narrow}, gradients within {noise:.1e}", flush=True)


if __name__ == "__main__":
    write("resnet50-small", [4, 3, 64, 64], 2.5)
    write("resnet50-full", [4, 3, 224, 224], 3.5)
