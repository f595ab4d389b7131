"""Writes the golden trajectories of optimizers and schedules, by PyTorch in float64. usage: python tools/parity/optimizers.py

Two parameters follow the gradients of
  loss(t) = sum(curvature / 2 * (p - center)^2 + noise(t) * p),  noise(t)[i] = sin(t * (i + 1)),
over both parameters end to end, with i counting their elements together; the test computes the same loss. LBFGS
minimises Rosenbrock's function in four dimensions. Schedules start from a learning rate of 0.1.
"""
import json
import math
from pathlib import Path

import torch
from torch.optim import lr_scheduler as scheduler

FOLDER = Path(__file__).parents[2] / "packages" / "optimizers" / "test" / "golden"

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
    ("adam", {"learningRate": 0.1, "beta2": 0.9, "amsgrad": True, "weightDecay": 0.1}),
    ("adamW", {"learningRate": 0.1}),
    ("adamW", {"learningRate": 0.05, "beta2": 0.9, "weightDecay": 0.1, "amsgrad": True}),
    ("adagrad", {"learningRate": 0.5}),
    ("adagrad", {"learningRate": 0.5, "lrDecay": 0.05, "weightDecay": 0.1, "initialAccumulatorValue": 0.5, "epsilon": 0.001}),
    ("adadelta", {}),
    ("adadelta", {"learningRate": 0.5, "rho": 0.7, "epsilon": 0.01, "weightDecay": 0.1}),
    ("rmsprop", {"learningRate": 0.05}),
    ("rmsprop", {"learningRate": 0.02, "alpha": 0.9, "epsilon": 0.1, "momentum": 0.8, "centered": True, "weightDecay": 0.1}),
    ("rmsprop", {"learningRate": 0.02, "alpha": 0.9, "momentum": 0.5}),
    ("adamax", {"learningRate": 0.1}),
    ("adamax", {"learningRate": 0.05, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.01, "weightDecay": 0.1}),
    ("nadam", {"learningRate": 0.1}),
    ("nadam", {"learningRate": 0.05, "beta2": 0.9, "weightDecay": 0.1, "momentumDecay": 0.05}),
    ("nadam", {"learningRate": 0.05, "weightDecay": 0.1, "decoupledWeightDecay": True}),
    ("radam", {"learningRate": 0.1}),
    ("radam", {"learningRate": 0.05, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.01, "weightDecay": 0.1}),
    ("radam", {"learningRate": 0.05, "beta2": 0.99, "weightDecay": 0.1, "decoupledWeightDecay": True}),
]

CLASSES = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamW": torch.optim.AdamW,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "rmsprop": torch.optim.RMSprop,
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
}

NAMES = {
    "learningRate": "lr",
    "weightDecay": "weight_decay",
    "epsilon": "eps",
    "lrDecay": "lr_decay",
    "initialAccumulatorValue": "initial_accumulator_value",
    "momentumDecay": "momentum_decay",
    "decoupledWeightDecay": "decoupled_weight_decay",
}


def optimizer(kind, parameters, options):
    renamed = {NAMES.get(name, name): value for name, value in options.items()}
    if "beta1" in renamed or "beta2" in renamed:
        renamed["betas"] = (renamed.pop("beta1", 0.9), renamed.pop("beta2", 0.999))
    return CLASSES[kind](parameters, foreach=False, **renamed)


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


LR = 0.1
STEPS = 64
SCHEDULES = [
    ("StepDecay", {"stepSize": 10}, lambda o: scheduler.StepLR(o, 10)),
    ("StepDecay", {"stepSize": 7, "gamma": 0.5}, lambda o: scheduler.StepLR(o, 7, gamma=0.5)),
    ("MultiStepDecay", {"milestones": [5, 20, 45]}, lambda o: scheduler.MultiStepLR(o, [5, 20, 45])),
    ("ExponentialDecay", {"gamma": 0.93}, lambda o: scheduler.ExponentialLR(o, 0.93)),
    ("PolynomialDecay", {"steps": 50}, lambda o: scheduler.PolynomialLR(o, total_iters=50)),
    ("PolynomialDecay", {"steps": 40, "power": 2.5}, lambda o: scheduler.PolynomialLR(o, total_iters=40, power=2.5)),
    ("CosineAnnealing", {"steps": 60, "minimum": 0.001}, lambda o: scheduler.CosineAnnealingLR(o, 60, eta_min=0.001)),
    ("CosineAnnealing", {"steps": 13}, lambda o: scheduler.CosineAnnealingLR(o, 13)),
    ("WarmRestarts", {"steps": 9}, lambda o: scheduler.CosineAnnealingWarmRestarts(o, 9)),
    ("WarmRestarts", {"steps": 5, "factor": 2, "minimum": 0.01}, lambda o: scheduler.CosineAnnealingWarmRestarts(o, 5, 2, 0.01)),
    ("LinearWarmup", {"steps": 5}, lambda o: scheduler.LinearLR(o)),
    ("LinearWarmup", {"steps": 20, "start": 0.1, "end": 0.8}, lambda o: scheduler.LinearLR(o, 0.1, 0.8, 20)),
    ("OneCycle", {"steps": 64}, lambda o: scheduler.OneCycleLR(o, LR, 64, cycle_momentum=False)),
    ("OneCycle", {"steps": 64, "rising": 0.4, "shape": "linear", "threePhase": True, "initialDivisor": 10, "finalDivisor": 100},
     lambda o: scheduler.OneCycleLR(o, LR, 64, pct_start=0.4, anneal_strategy="linear", three_phase=True, div_factor=10,
                                    final_div_factor=100, cycle_momentum=False)),
    ("ScheduleSequence", {"milestones": [8, 40]}, lambda o: scheduler.SequentialLR(
        o, [scheduler.LinearLR(o, 0.01, 1, 8), scheduler.CosineAnnealingLR(o, 32), scheduler.ExponentialLR(o, 0.5)], [8, 40])),
]
PLATEAUS = [
    ({"patience": 3}, {"patience": 3}),
    ({"mode": "max", "factor": 0.5, "patience": 2, "threshold": 0.01, "thresholdMode": "absolute", "cooldown": 4, "minimum": 0.01},
     {"mode": "max", "factor": 0.5, "patience": 2, "threshold": 0.01, "threshold_mode": "abs", "cooldown": 4, "min_lr": 0.01}),
]


def sgd():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)


def rates(make):
    chosen = sgd()
    schedule = make(chosen)
    found = []
    for _ in range(STEPS):
        found.append(chosen.param_groups[0]["lr"])
        chosen.step()
        schedule.step()
    return found


def plateau(options, metrics):
    chosen = sgd()
    schedule = scheduler.ReduceLROnPlateau(chosen, **options)
    found = []
    for metric in metrics:
        schedule.step(metric)
        found.append(chosen.param_groups[0]["lr"])
    return found


LBFGS_CASES = [
    {"learningRate": 1e-2, "maxIterations": 5},
    {"lineSearch": "strongWolfe", "maxIterations": 4},
    {"lineSearch": "strongWolfe", "maxIterations": 6, "historySize": 2, "learningRate": 0.5},
    {"lineSearch": "strongWolfe"},
]


def lbfgs(options):
    p = torch.nn.Parameter(torch.tensor([-1.2, 1.0, -0.5, 0.8], dtype=torch.float64))
    chosen = torch.optim.LBFGS(
        [p],
        lr=options.get("learningRate", 1),
        max_iter=options.get("maxIterations", 20),
        history_size=options.get("historySize", 100),
        line_search_fn="strong_wolfe" if "lineSearch" in options else None,
    )
    evaluations = 0

    def closure():
        nonlocal evaluations
        evaluations += 1
        chosen.zero_grad()
        loss = (100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2).sum()
        loss.backward()
        return loss

    recorded = []
    for _ in range(10):
        loss = chosen.step(closure).item()
        recorded.append({"values": p.tolist(), "loss": loss, "evaluations": evaluations})
    return recorded


GRADIENTS = [[3.0, -4.0, 0.5], [12.0, -0.25]]
CLIPS = [(1.0, 2.0), (100.0, 2.0), (2.0, 1.0), (0.5, math.inf), (3.0, 3.0)]


def clipped(maximum, order):
    parameters = [torch.nn.Parameter(torch.zeros(len(values), dtype=torch.float64)) for values in GRADIENTS]
    for p, values in zip(parameters, GRADIENTS):
        p.grad = torch.tensor(values, dtype=torch.float64)
    norm = torch.nn.utils.clip_grad_norm_(parameters, maximum, norm_type=order).item()
    return {"maximum": maximum, "order": "Infinity" if order == math.inf else order, "norm": norm,
            "gradients": [p.grad.tolist() for p in parameters]}


def averages(decay):
    model = torch.nn.Linear(2, 1, bias=False, dtype=torch.float64)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(decay))
    found = []
    for step in range(12):
        with torch.no_grad():
            model.weight.copy_(torch.tensor([[math.sin(step), math.cos(2 * step)]]))
        average.update_parameters(model)
        found.append(average.module.weight.flatten().tolist())
    return {"decay": decay, "averages": found}


def write(name, shared, cases):
    file = FOLDER / f"{name}.json"
    lines = ",\n".join(json.dumps(case) for case in cases)
    heads = "".join(f'"{key}": {json.dumps(value)},\n' for key, value in shared.items())
    file.write_text(f'{{{heads}"cases": [\n{lines}\n]}}\n')
    print(f"{file.name}: {len(cases)} cases, {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    problem = {"shapes": SHAPES, "start": START, "center": CENTER, "curvature": CURVATURE, "change": CHANGE}
    write("trajectories", {"problem": problem},
          [{"optimizer": kind, "options": options, "recorded": trajectory(kind, options)} for kind, options in CASES])
    metrics = [round(math.exp(-i / 8) + 0.1 * math.sin(i), 4) for i in range(STEPS)]
    write("schedules", {"metrics": metrics, "plateaus": [{"options": own, "rates": plateau(theirs, metrics)} for own, theirs in PLATEAUS]},
          [{"schedule": kind, "options": options, "rates": rates(make)} for kind, options, make in SCHEDULES])
    write("lbfgs", {}, [{"options": options, "recorded": lbfgs(options)} for options in LBFGS_CASES])
    write("clipping", {"gradients": GRADIENTS}, [clipped(*case) for case in CLIPS])
    write("averages", {}, [averages(decay) for decay in (0.9, 0.999)])
