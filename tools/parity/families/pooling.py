"""Pools: windows, bins, and whole images."""
import torch
import torch.nn.functional as F

from golden import Family, distinct, exactly, uniform

TORCH_NAMES = {"kernelSize": "kernel_size", "ceilMode": "ceil_mode", "countIncludePad": "count_include_pad"}


def add(cases, op, function, title, x, values, **options):
    named = {TORCH_NAMES.get(name, name): value for name, value in options.items()}
    cases.add(f"{op}, {title}", op, [x if values is None else values(*x)], ["$0", options], lambda x: function(x, **named))


def windows(cases):
    one = lambda title, x, values=distinct, **options: add(cases, "maxPool1d", F.max_pool1d, title, x, values, **options)
    one("plain", (2, 3, 8), kernelSize=2)
    one("stride 1, padding 1", (2, 2, 7), kernelSize=3, stride=1, padding=1)
    one("dilation 2", (1, 2, 9), kernelSize=3, stride=2, dilation=2, padding=1)
    one("ceilMode", (1, 2, 8), kernelSize=3, stride=2, ceilMode=True)

    two = lambda title, x, values=distinct, **options: add(cases, "maxPool2d", F.max_pool2d, title, x, values, **options)
    two("plain", (2, 3, 4, 6), kernelSize=2)
    two("an end left over", (1, 2, 5, 7), kernelSize=2)
    two("3x3, stride 2, padding 1", (2, 2, 6, 7), kernelSize=3, stride=2, padding=1)
    two("overlapping", (1, 2, 5, 5), kernelSize=3, stride=1)
    two("stride beyond the kernel", (1, 2, 7, 8), kernelSize=2, stride=3)
    two("dilation 2", (1, 2, 7, 7), kernelSize=3, stride=1, dilation=2)
    two("unlike axes", (1, 2, 9, 7), kernelSize=[3, 2], stride=[2, 1], padding=[1, 0], dilation=[1, 2])
    two("ceilMode", (1, 2, 6, 7), kernelSize=3, stride=2, ceilMode=True)
    two("ceilMode, padding 1", (1, 2, 6, 5), kernelSize=3, stride=2, padding=1, ceilMode=True)
    two("ceilMode, last window would start in the padding", (1, 1, 4, 4), kernelSize=2, stride=3, padding=1, ceilMode=True)
    ties = exactly([[[[1, 1, 2, 2], [1, 1, 2, 0], [3, 0, 0, 0], [3, 3, 0, 0]]]])
    two("ties", ties, None, kernelSize=2)
    two("ties, overlapping", ties, None, kernelSize=3, stride=1, padding=1)
    two("all negative, padding", exactly([[[[-1, -2], [-3, -4]]]]), None, kernelSize=2, stride=1, padding=1)

    one = lambda title, x, values=uniform, **options: add(cases, "avgPool1d", F.avg_pool1d, title, x, values, **options)
    one("plain", (2, 3, 8), kernelSize=2)
    one("stride 1, padding 1", (2, 2, 7), kernelSize=3, stride=1, padding=1)
    one("padding not counted", (2, 2, 7), kernelSize=3, stride=2, padding=1, countIncludePad=False)
    one("ceilMode", (1, 2, 8), kernelSize=3, stride=2, ceilMode=True)

    two = lambda title, x, values=uniform, **options: add(cases, "avgPool2d", F.avg_pool2d, title, x, values, **options)
    two("plain", (2, 3, 4, 6), kernelSize=2)
    two("an end left over", (1, 2, 5, 7), kernelSize=2)
    two("3x3, stride 2, padding 1", (2, 2, 6, 7), kernelSize=3, stride=2, padding=1)
    two("padding not counted", (2, 2, 6, 7), kernelSize=3, stride=2, padding=1, countIncludePad=False)
    two("overlapping", (1, 2, 5, 5), kernelSize=3, stride=1)
    two("stride beyond the kernel", (1, 2, 7, 8), kernelSize=2, stride=3)
    two("unlike axes", (1, 2, 9, 7), kernelSize=[3, 2], stride=[2, 1], padding=[1, 0])
    two("ceilMode", (1, 2, 6, 7), kernelSize=3, stride=2, ceilMode=True)
    two("ceilMode, padding 1", (1, 2, 6, 5), kernelSize=3, stride=2, padding=1, ceilMode=True)
    two("ceilMode, padding not counted", (1, 2, 6, 5), kernelSize=3, stride=2, padding=1, ceilMode=True, countIncludePad=False)
    two("ceilMode, last window would start in the padding", (1, 1, 4, 4), kernelSize=2, stride=3, padding=1, ceilMode=True)


def bins(cases):
    average = [("1d", F.adaptive_avg_pool1d, uniform), ("2d", F.adaptive_avg_pool2d, uniform)]
    largest = [("1d", F.adaptive_max_pool1d, distinct), ("2d", F.adaptive_max_pool2d, distinct)]
    for kind, functions in {"adaptiveAvgPool": average, "adaptiveMaxPool": largest}.items():
        (_, line, values), (_, image, _) = functions
        for extent, count in ((8, 4), (7, 3), (5, 8), (10, 4), (6, 1)):
            cases.add(f"{kind}1d, {extent} to {count}", f"{kind}1d", [values(2, 2, extent)], ["$0", count], lambda x, f=line, n=count: f(x, n))
        for extents, counts in (((6, 8), [3, 2]), ((7, 5), [3, 4]), ((4, 7), [2, 3]), ((3, 4), [5, 7]), ((5, 6), [1, 1])):
            title = f"{extents[0]}x{extents[1]} to {counts[0]}x{counts[1]}"
            cases.add(f"{kind}2d, {title}", f"{kind}2d", [values(1, 2, *extents)], ["$0", counts], lambda x, f=image, n=counts: f(x, n))
        cases.add(f"{kind}2d, one number", f"{kind}2d", [values(1, 2, 5, 7)], ["$0", 3], lambda x, f=image: f(x, 3))
    ties = exactly([[[[1, 1, 1, 0, 2], [1, 1, 2, 2, 2], [1, 3, 3, 2, 2]]]])
    cases.add("adaptiveMaxPool2d, ties", "adaptiveMaxPool2d", [ties], ["$0", [2, 3]], lambda x: F.adaptive_max_pool2d(x, (2, 3)))


def whole(cases):
    for shape in ((2, 3, 5), (2, 3, 4, 5), (1, 2, 2, 3, 2)):
        axes = list(range(2, len(shape)))
        cases.add(f"globalAveragePool of {len(axes)} axes", "globalAveragePool", [uniform(*shape)], ["$0"], lambda x, a=axes: x.mean(a))
        cases.add(f"globalMaxPool of {len(axes)} axes", "globalMaxPool", [distinct(*shape)], ["$0"], lambda x, a=axes: torch.amax(x, a))


def family():
    cases = Family("pooling")
    windows(cases)
    bins(cases)
    whole(cases)
    return cases
