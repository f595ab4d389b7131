"""Writes the golden trajectories of the optimizers, by PyTorch in float64. usage: python tools/parity/optimizers.py

Two parameters follow the gradients of
  loss(t) = sum(curvature / 2 * (p - center)^2 + noise(t) * p),  noise(t)[i] = sin(t * (i + 1)),
over both parameters end to end, with i counting their elements together; the test computes the same loss.
"""
import json
from pathlib import Path

import torch

FILE = Path(__file__).parents[2] / "packages" / "optimizers" / "test" / "golden" / "trajectories.json"

SHAPES = [[2, 3], [2]]
START = [1.0, -0.5, 0.25, 2.0, -1.5, 0.75, 0.5, -1.0]
CENTER = [0.5, 0.5, -0.5, -0.5, 1.0, 1.0, 0.0, 0.25]
CURVATURE = [1.0, 0.5, 2.0, 0.25, 1.0, 0.125, 4.0, 0.5]
RECORDED = [1, 2, 3, 10, 50, 51, 100]
CHANGE = 50  # after this many updates the learning rate is a tenth

CASES = [
    ("sgd", {"learningRate": 0.1}),
    ("sgd", {"learningRate": 0.1, "weightDecay": 0.25}),
    ("sgd", {"learningRate": 0.05, "momentum": 0.9}),
    ("sgd", {"learningRate": 0.05, "momentum": 0.9, "dampening": 0.5, "weightDecay": 0.01}),
    ("sgd", {"learningRate": 0.05, "momentum": 0.9, "nesterov": True, "weightDecay": 0.01}),
    ("adam", {"learningRate": 0.1}),
    ("adam", {"learningRate": 0.05, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.01, "weightDecay": 0.1}),
    ("adam", {"learningRate": 0.05, "beta1": 0.0, "beta2": 0.99}),
]


def optimizer(kind, parameters, options):
    options = dict(options)
    renamed = {"lr": options.pop("learningRate"), "weight_decay": options.pop("weightDecay", 0.0)}
    if kind == "sgd":
        return torch.optim.SGD(parameters, foreach=False, **renamed, **options)
    betas = (options.pop("beta1", 0.9), options.pop("beta2", 0.999))
    return torch.optim.Adam(parameters, foreach=False, betas=betas, eps=options.pop("epsilon", 1e-8), **renamed, **options)


def split(values):
    sizes = [torch.Size(shape).numel() for shape in SHAPES]
    return [part.reshape(shape) for part, shape in zip(torch.tensor(values, dtype=torch.float64).split(sizes), SHAPES)]


def trajectory(kind, options):
    parameters = [torch.nn.Parameter(part.clone()) for part in split(START)]
    centers, curvatures = split(CENTER), split(CURVATURE)
    chosen = optimizer(kind, parameters, options)
    recorded = {}
    for step in range(1, RECORDED[-1] + 1):
        noises = split([torch.tensor(step * (i + 1.0), dtype=torch.float64).sin().item() for i in range(len(START))])
        parts = zip(parameters, centers, curvatures, noises)
        loss = sum((curvature / 2 * (p - center) ** 2 + noise * p).sum() for p, center, curvature, noise in parts)
        chosen.zero_grad()
        loss.backward()
        chosen.step()
        if step in RECORDED:
            recorded[step] = [value for p in parameters for value in p.detach().flatten().tolist()]
        if step == CHANGE:
            for group in chosen.param_groups:
                group["lr"] *= 0.1
    return recorded


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    shared = {"shapes": SHAPES, "start": START, "center": CENTER, "curvature": CURVATURE, "change": CHANGE}
    cases = [{"optimizer": kind, "options": options, "recorded": trajectory(kind, options)} for kind, options in CASES]
    lines = ",\n".join(json.dumps(case) for case in cases)
    FILE.write_text(f'{{"problem": {json.dumps(shared)},\n"cases": [\n{lines}\n]}}\n')
    print(f"{FILE.name}: {len(cases)} cases, {FILE.stat().st_size / 1000:.0f} kB")
