"""Writes what whole training steps of torchvision's ResNet-50 give in PyTorch, computed in float64, for weights and images
that a formula gives: the loss, what tells two gradients apart, and the losses of ten steps of SGD with momentum.
usage: python tools/parity/training.py

A gradient is known by its norm and by its sums under eight vectors of signs: the mean square of the differences of such
sums estimates the squared norm of the difference, so that 200 numbers stand for 25 million.
"""
import json
from pathlib import Path

import numpy as np
import torch
from golden import number
from models import bits, uniform, value
from torch.nn import functional
from torchvision import models

FOLDER = Path(__file__).parents[2] / "packages" / "models" / "test" / "golden"
VECTORS = 8
LEARNING_RATE, MOMENTUM, STEPS = 0.001, 0.9, 10

# Batch and extent of the images: one that tests run, and one of the usual size.
CASES = {"resnet50-small": (4, 96), "resnet50-full": (4, 224)}


def described(name, gradient):
    """The norm of a gradient, and its sum under the signs that the highest bits of a hash of its name and index give."""
    flat = gradient.double().numpy().ravel()
    hashed = bits(f"signs {name}", flat.size)
    sums = [np.sum(np.where(hashed >> np.uint32(31 - i) & np.uint32(1), -flat, flat)) for i in range(VECTORS)]
    return [number(x) for x in [np.linalg.norm(flat), *sums]]


def steps(batch, extent, dtype=torch.float64, count=STEPS):
    """The loss of each step, and the first step's gradients by name."""
    net = models.resnet50(num_classes=10)
    net.load_state_dict({name: torch.from_numpy(np.asarray(value(name, v.shape), np.float32)) for name, v in net.state_dict().items()})
    net = net.to(dtype).train()
    images = torch.from_numpy(uniform("images", [batch, 3, extent, extent]).astype(np.float32)).to(dtype)
    labels = torch.arange(batch) * 3 % 10
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    losses, first = [], None
    for _ in range(count):
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(net(images), labels)
        loss.backward()
        losses.append(loss.item())
        first = first or {name: parameter.grad.clone() for name, parameter in net.named_parameters()}
        optimizer.step()
    return losses, first


def main():
    for name, (batch, extent) in CASES.items():
        losses, gradients = steps(batch, extent)
        golden = {
            "images": [batch, 3, extent, extent],
            "learningRate": LEARNING_RATE,
            "momentum": MOMENTUM,
            "losses": [number(loss) for loss in losses],
            "gradients": {name: described(name, gradient) for name, gradient in gradients.items()},
        }
        path = FOLDER / f"{name}.json"
        path.write_text(json.dumps(golden, separators=(",", ":")).replace('],"', '],\n"') + "\n")
        print(f"{path.name}: losses {losses[0]:.6f} to {losses[-1]:.6f}, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
