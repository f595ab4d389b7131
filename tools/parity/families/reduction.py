"""Reductions over axes, and running sums."""
import math

import torch

from golden import Family, Input, booleans, distinct, exactly, integers, nonzero, uniform

AXES = {
    "all axes": {},
    "axis 0": {"axes": 0},
    "axis -1": {"axes": -1},
    "axes 0 and 2": {"axes": [0, 2]},
    "axis 1 kept": {"axes": 1, "keepAxes": True},
    "all axes kept": {"keepAxes": True},
}


def over(options):
    """PyTorch's arguments for Sconce's options."""
    axes = options.get("axes", [0, 1, 2])
    return {"dim": axes if isinstance(axes, list) else [axes], "keepdim": options.get("keepAxes", False)}


def product(x, dim, keepdim):
    for axis in sorted(dim, reverse=True):
        x = x.prod(axis, keepdim=keepdim)
    return x


def truth(function):
    return lambda x, dim, keepdim: function(x.bool(), dim=dim, keepdim=keepdim)


REDUCTIONS = {
    "sum": (uniform, torch.sum),
    "mean": (uniform, torch.mean),
    "max": (distinct, torch.amax),
    "min": (distinct, torch.amin),
    "product": (nonzero, product),
    "variance": (uniform, lambda x, **over: torch.var(x, correction=0, **over)),
    "logSumExp": (uniform, torch.logsumexp),
    "norm": (uniform, lambda x, **over: torch.linalg.vector_norm(x, 2, **over)),
}


def over_axes(cases):
    for op, (values, function) in REDUCTIONS.items():
        for title, options in AXES.items():
            cases.add(f"{op}, {title}", op, [values(2, 3, 4)], ["$0", options],
                      lambda x, f=function, o=over(options): f(x, **o))
    for title in ("all axes", "axis 0", "axis 1 kept"):
        options = AXES[title]
        cases.add(f"variance, correction 1, {title}", "variance", [uniform(2, 3, 4)], ["$0", {**options, "correction": 1}],
                  lambda x, o=over(options): torch.var(x, correction=1, **o))
        for order in (0, 1, 3, 0.5, float("inf"), float("-inf")):
            shown = {"inf": "Infinity", "-inf": "-Infinity"}.get(str(order), order)
            cases.add(f"norm of order {shown}, {title}", "norm", [distinct_sizes(2, 3, 4)], ["$0", {**options, "order": shown}],
                      lambda x, p=order, o=over(options): torch.linalg.vector_norm(x, p, **o))
        for op, function in {"any": torch.any, "all": torch.all}.items():
            cases.add(f"{op}, {title}", op, [booleans(2, 3, 4)], ["$0", options],
                      lambda x, f=truth(function), o=over(options): f(x, **o))


def distinct_sizes(*shape):
    """Numbers with different magnitudes from 1/2 up, so that none is zero and one is the largest."""
    count = math.prod(shape)
    make = lambda g: (torch.randperm(count, generator=g) + 8) / 16 * (torch.randint(0, 2, (count,), generator=g) * 2 - 1)
    return Input(shape, "float32", make)


def edges(cases):
    for op in ("sum", "max", "min"):
        cases.add(f"{op} of int32", op, [integers(3, 4, low=-9, high=10)], ["$0", {"axes": 1}],
                  lambda x, f=REDUCTIONS[op][1]: f(x, dim=[1]))
    cases.add("product of int32", "product", [integers(3, 4, low=-4, high=5)], ["$0", {"axes": 1}], lambda x: x.prod(1))
    cases.add("mean of int32", "mean", [integers(3, 4, low=-9, high=10)], ["$0", {"axes": 1}], lambda x: x.double().mean(1))
    cases.add("sum of bool", "sum", [booleans(3, 5)], ["$0", {"axes": 1}], lambda x: x.sum(1))
    for op, function in {"max": torch.amax, "min": torch.amin}.items():
        cases.add(f"{op}, ties share the gradient", op, [exactly([[1, 3, 3], [2, 2, 2], [1, 1, 5]])], ["$0", {"axes": 1}],
                  lambda x, f=function: f(x, dim=1))
        cases.add(f"{op}, NaN", op, [exactly([[1, float("nan"), 3], [1, 2, 3]])], ["$0", {"axes": 1}],
                  lambda x, f=function: f(x.detach(), dim=1))
    cases.add("product, zeros", "product", [exactly([[2, 3, 4], [2, 0, 4], [0, 3, 0]])], ["$0", {"axes": 1}], lambda x: x.prod(1))
    cases.add("logSumExp, large", "logSumExp", [exactly([[1000, 999, 990], [-1000, -1001, -1002]])], ["$0", {"axes": 1}],
              lambda x: torch.logsumexp(x, 1))
    cases.add("logSumExp, -Infinity", "logSumExp", [exactly([[float("-inf"), 1, 2], [float("-inf")] * 3])], ["$0", {"axes": 1}],
              lambda x: torch.logsumexp(x.detach(), 1))
    cases.add("norm of zeros", "norm", [exactly([[3, 4, 0], [0, 0, 0]])], ["$0", {"axes": 1}], lambda x: torch.linalg.vector_norm(x, dim=1))
    for order in (0.5, 1, 3):
        cases.add(f"norm of order {order} with zeros", "norm", [exactly([[3, -4, 0], [0, 0, 0]])], ["$0", {"axes": 1, "order": order}],
                  lambda x, p=order: torch.linalg.vector_norm(x, p, dim=1))


def positions(cases):
    for op, function in {"argmax": torch.argmax, "argmin": torch.argmin}.items():
        cases.add(f"{op}, flattened", op, [distinct(3, 4)], ["$0"], function)
        cases.add(f"{op}, flattened and kept", op, [distinct(3, 4)], ["$0", {"keepAxis": True}],
                  lambda x, f=function: f(x).reshape(1, 1))
        for axis in (0, 1, -1):
            cases.add(f"{op}, axis {axis}", op, [distinct(2, 3, 4)], ["$0", {"axis": axis}], lambda x, f=function, a=axis: f(x, dim=a))
        cases.add(f"{op}, axis 1 kept", op, [distinct(2, 3, 4)], ["$0", {"axis": 1, "keepAxis": True}],
                  lambda x, f=function: f(x, dim=1, keepdim=True))
        cases.add(f"{op}, ties", op, [exactly([[1, 2, 2, 1], [3, 3, 3, 3]])], ["$0", {"axis": 1}], lambda x, f=function: f(x, dim=1))
        cases.add(f"{op}, NaN", op, [exactly([[1, float("nan"), 3, float("nan")]])], ["$0", {"axis": 1}], lambda x, f=function: f(x, dim=1))


def running_sum(x, axis, reverse=False, exclusive=False):
    if reverse:
        x = x.flip(axis)
    total = x.cumsum(axis)
    if exclusive:
        total = total - x
    return total.flip(axis) if reverse else total


def running(cases):
    for axis in (0, 1, -1):
        cases.add(f"cumulativeSum, axis {axis}", "cumulativeSum", [uniform(2, 3, 4)], ["$0", axis], lambda x, a=axis: running_sum(x, a))
    for options in ({"reverse": True}, {"exclusive": True}, {"reverse": True, "exclusive": True}):
        title = " and ".join(options)
        cases.add(f"cumulativeSum, {title}", "cumulativeSum", [uniform(3, 5)], ["$0", 1, options],
                  lambda x, o=options: running_sum(x, 1, **o))
    cases.add("cumulativeSum, long axis", "cumulativeSum", [uniform(150)], ["$0", 0], lambda x: x.cumsum(0))
    cases.add("cumulativeSum, long axis, reverse and exclusive", "cumulativeSum", [uniform(150)], ["$0", 0, {"reverse": True, "exclusive": True}],
              lambda x: running_sum(x, 0, True, True))
    cases.add("cumulativeSum of int32", "cumulativeSum", [integers(2, 5, low=-9, high=10)], ["$0", 1], lambda x: x.cumsum(1))


def family():
    cases = Family("reduction")
    over_axes(cases)
    edges(cases)
    positions(cases)
    running(cases)
    return cases
