"""Functions that move elements: shapes, slices, padding, joins, windows."""
import numpy as np
import torch
import torch.nn.functional as F

from golden import Family, booleans, integers, uniform


def shapes(cases):
    x = [uniform(2, 3, 4)]
    cases.add("reshape", "reshape", x, ["$0", [4, 6]], lambda x: x.reshape(4, 6))
    cases.add("reshape, one extent worked out", "reshape", x, ["$0", [3, -1, 2]], lambda x: x.reshape(3, -1, 2))
    cases.add("squeeze", "squeeze", [uniform(1, 3, 1, 2)], ["$0"], torch.squeeze)
    cases.add("squeeze one axis", "squeeze", [uniform(1, 3, 1, 2)], ["$0", -2], lambda x: x.squeeze(-2))
    for axis in (0, 1, -1):
        cases.add(f"unsqueeze {axis}", "unsqueeze", [uniform(2, 3)], ["$0", axis], lambda x, a=axis: x.unsqueeze(a))
    cases.add("flatten", "flatten", x, ["$0"], torch.flatten)
    cases.add("flatten from axis 1", "flatten", [uniform(2, 3, 2, 2)], ["$0", 1], lambda x: x.flatten(1))
    cases.add("flatten the middle", "flatten", [uniform(2, 3, 2, 2)], ["$0", 1, 2], lambda x: x.flatten(1, 2))
    cases.add("permute", "permute", x, ["$0", [2, 0, 1]], lambda x: x.permute(2, 0, 1))
    cases.add("permute, negative axes", "permute", x, ["$0", [-1, -3, -2]], lambda x: x.permute(-1, -3, -2))
    cases.add("transpose", "transpose", x, ["$0"], lambda x: x.transpose(-2, -1))
    cases.add("transpose outer axes", "transpose", x, ["$0", 0, -1], lambda x: x.transpose(0, -1))
    cases.add("moveAxis forward", "moveAxis", x, ["$0", 0, 2], lambda x: x.moveaxis(0, 2))
    cases.add("moveAxis back", "moveAxis", x, ["$0", -1, 0], lambda x: x.moveaxis(-1, 0))
    cases.add("broadcastTo", "broadcastTo", [uniform(2, 1, 3)], ["$0", [4, 2, 5, 3]], lambda x: x.broadcast_to(4, 2, 5, 3))
    cases.add("tile", "tile", [uniform(2, 3)], ["$0", [2, 2]], lambda x: x.tile(2, 2))
    cases.add("tile, more repeats than axes", "tile", [uniform(2, 3)], ["$0", [2, 1, 3]], lambda x: x.tile(2, 1, 3))
    cases.add("tile, fewer repeats than axes", "tile", [uniform(2, 3)], ["$0", [2]], lambda x: x.tile(2))
    for shift in (1, -1, 5):
        cases.add(f"roll by {shift}", "roll", [uniform(3, 4)], ["$0", shift, 1], lambda x, s=shift: x.roll(s, 1))
    cases.add("roll, axis 0", "roll", [integers(3, 4, high=99)], ["$0", 2], lambda x: x.roll(2, 0))
    for title, axes in {"all axes": None, "axis 1": 1, "axes 0 and -1": [0, -1]}.items():
        dims = [0, 1, 2] if axes is None else axes if isinstance(axes, list) else [axes]
        cases.add(f"flip, {title}", "flip", x, ["$0"] if axes is None else ["$0", axes], lambda x, d=dims: x.flip(d))


def slices(cases):
    """The ranges of Sconce's slice are NumPy's, which PyTorch has only for positive steps."""
    def add(title, ranges, *shape):
        index = tuple(part if isinstance(part, int) else slice(None) if part is None
                      else slice(part.get("start"), part.get("end"), part.get("step")) for part in ranges)

        def numpy_slice(x):
            picked = np.arange(x.numel()).reshape(x.shape)[index]
            return x.flatten()[torch.from_numpy(np.array(picked))]
        cases.add(f"slice, {title}", "slice", [uniform(*shape)], ["$0", ranges], numpy_slice)

    add("start and end", [{"start": 1, "end": 3}, {"start": 0, "end": 2}], 4, 5)
    add("from the end", [{"start": -3, "end": -1}, {"start": -2}], 4, 5)
    add("beyond the ends", [{"start": -9, "end": 9}, {"start": 3, "end": 9}], 4, 5)
    add("step 2", [{"step": 2}, {"start": 1, "step": 3}], 5, 7)
    add("step -1", [None, {"step": -1}], 4, 5)
    add("step -2 between", [{"start": 6, "end": 1, "step": -2}], 8, 2)
    add("step -3 from the end", [None, {"start": -2, "step": -3}], 2, 8)
    add("position", [1], 3, 4)
    add("position from the end", [None, -2, {"step": 2}], 2, 3, 5)
    add("positions only", [2, 0], 3, 4)
    add("empty", [{"start": 3, "end": 1}], 4, 2)
    cases.add("narrow", "narrow", [uniform(3, 5)], ["$0", 1, 2, 2], lambda x: x.narrow(1, 2, 2))


def joins(cases):
    cases.add("concatenate", "concatenate", [uniform(2, 3), uniform(1, 3), uniform(3, 3)], [["$0", "$1", "$2"]],
              lambda *parts: torch.cat(parts))
    cases.add("concatenate, axis -1", "concatenate", [uniform(2, 3), uniform(2, 1)], [["$0", "$1"], -1], lambda *parts: torch.cat(parts, -1))
    cases.add("concatenate one", "concatenate", [uniform(2, 3)], [["$0"]], lambda x: torch.cat([x]))
    cases.add("concatenate the same twice", "concatenate", [uniform(2, 3)], [["$0", "$0"], 1], lambda x: torch.cat([x, x], 1))
    cases.add("concatenate int32 and float32", "concatenate", [integers(2, high=9), uniform(2)], [["$0", "$1"]], lambda a, b: torch.cat([a.double(), b]))
    cases.add("concatenate bool", "concatenate", [booleans(2, 2), booleans(2, 1)], [["$0", "$1"], 1], lambda *parts: torch.cat(parts, 1))
    cases.add("concatenate five", "concatenate", [uniform(2, n) for n in (1, 2, 3, 2, 1)], [[f"${n}" for n in range(5)], 1],
              lambda *parts: torch.cat(parts, 1))
    for axis in (0, 1, -1):
        cases.add(f"stack, axis {axis}", "stack", [uniform(2, 3), uniform(2, 3)], [["$0", "$1"], axis], lambda *parts, a=axis: torch.stack(parts, a))
    cases.add("split into equal parts", "split", [uniform(6, 2)], ["$0", 3], lambda x: list(x.split(2)))
    cases.add("split by lengths", "split", [uniform(2, 6)], ["$0", [1, 3, 2], 1], lambda x: list(x.split([1, 3, 2], 1)))


def padded(x, padding, mode):
    """NumPy's padding, by gathering positions one axis after the other."""
    for axis, (before, after) in enumerate(padding):
        positions = np.pad(np.arange(x.shape[axis]), (before, after), mode=mode)
        x = x.index_select(axis, torch.from_numpy(positions))
    return x


def padding(cases):
    cases.add("pad", "pad", [uniform(2, 3)], ["$0", [[1, 2], [0, 1]]], lambda x: F.pad(x, (0, 1, 1, 2)))
    cases.add("pad with a value", "pad", [uniform(2, 3)], ["$0", [[1, 0], [2, 1]], {"value": 1.5}], lambda x: F.pad(x, (2, 1, 1, 0), value=1.5))
    cases.add("pad with -Infinity", "pad", [uniform(3)], ["$0", [[1, 1]], {"value": "-Infinity"}],
              lambda x: F.pad(x.detach(), (1, 1), value=float("-inf")))
    cases.add("pad cuts", "pad", [uniform(4, 5)], ["$0", [[-1, 1], [2, -2]]], lambda x: F.pad(x, (2, -2, -1, 1)))
    for mode in ("reflect", "edge"):
        name = "replicate" if mode == "edge" else mode
        cases.add(f"pad images, {mode}", "pad", [uniform(1, 2, 3, 4)], ["$0", [[0, 0], [0, 0], [2, 1], [1, 3]], {"mode": mode}],
                  lambda x, m=name: F.pad(x, (1, 3, 2, 1), mode=m))
        cases.add(f"pad all axes, {mode}", "pad", [uniform(3, 4)], ["$0", [[1, 2], [3, 0]], {"mode": mode}],
                  lambda x, m=mode: padded(x, [(1, 2), (3, 0)], m))
    cases.add("pad int32, edge", "pad", [integers(3, high=9)], ["$0", [[4, 5]], {"mode": "edge"}], lambda x: padded(x, [(4, 5)], "edge"))


def unfolded(x, kernel, stride, dilation):
    """Windows as Sconce lays them out: [..., counts, kernel]."""
    first = x.dim() - len(kernel)
    for axis, (size, step, gap) in enumerate(zip(kernel, stride, dilation)):
        x = x.unfold(first + axis, (size - 1) * gap + 1, step)[..., ::gap]
    return x


def window_cases(cases):
    def add(title, shape, **options):
        kernel = options["kernelSize"]
        listed = [kernel] if isinstance(kernel, int) else kernel
        per_axis = lambda value: [value] * len(listed) if isinstance(value, int) else value
        stride, dilation = per_axis(options.get("stride", 1)), per_axis(options.get("dilation", 1))
        take = lambda x: unfolded(x, listed, stride, dilation)
        cases.add(f"windows, {title}", "windows", [uniform(*shape)], ["$0", options], take)
        # fold is the adjoint of windows.
        spatial = list(shape[len(shape) - len(listed):])
        zeros = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
        patches = uniform(*take(zeros).shape)
        fold = lambda g: torch.autograd.grad(take(zeros), zeros, g, create_graph=True)[0]
        cases.add(f"fold, {title}", "fold", [patches], ["$0", spatial, options], fold)

    add("one axis", (2, 7), kernelSize=3)
    add("one axis, stride and dilation", (2, 9), kernelSize=3, stride=2, dilation=2)
    add("two axes", (1, 2, 5, 6), kernelSize=[3, 2])
    add("two axes, stride 2", (2, 7, 6), kernelSize=[3, 3], stride=2)
    add("two axes, unlike", (1, 8, 7), kernelSize=[3, 2], stride=[2, 3], dilation=[2, 1])
    add("stride beyond the kernel", (2, 8), kernelSize=2, stride=3)
    add("three axes", (1, 4, 4, 3), kernelSize=[2, 3, 2], stride=[2, 1, 1])
    # The layout against torch.nn.functional.unfold: [N, C KH KW, counts] there.
    def image_windows(x):
        columns = F.unfold(x, (3, 2), dilation=(1, 2), stride=(2, 1))
        counts = [(6 - 3) // 2 + 1, 5 - 2]
        return columns.reshape(2, 3, 3, 2, *counts).permute(0, 1, 4, 5, 2, 3)
    cases.add("windows, as unfold of images", "windows", [uniform(2, 3, 6, 5)],
              ["$0", {"kernelSize": [3, 2], "stride": [2, 1], "dilation": [1, 2]}], image_windows)
    def image_fold(x):
        columns = x.permute(0, 1, 4, 5, 2, 3).reshape(2, 3 * 3 * 2, 2 * 3)
        return F.fold(columns, (6, 5), (3, 2), dilation=(1, 2), stride=(2, 1))
    cases.add("fold, as fold of images", "fold", [uniform(2, 3, 2, 3, 3, 2)],
              ["$0", [6, 5], {"kernelSize": [3, 2], "stride": [2, 1], "dilation": [1, 2]}], image_fold)


def creation(cases):
    cases.add("eye", "eye", [], [3, 4], lambda: torch.eye(3, 4, dtype=torch.float64))
    cases.add("arange", "arange", [], [5], lambda: torch.arange(5))
    cases.add("arange down", "arange", [], [5, -4, -2], lambda: torch.arange(5, -4, -2))
    cases.add("arange of fractions", "arange", [], [0.5, 2, 0.25], lambda: torch.arange(0.5, 2, 0.25, dtype=torch.float64))
    cases.add("linspace", "linspace", [], [-1, 2, 7], lambda: torch.linspace(-1, 2, 7, dtype=torch.float64))
    cases.add("full", "full", [], [[2, 3], 1.5], lambda: torch.full((2, 3), 1.5, dtype=torch.float64))
    cases.add("zeros", "zeros", [], [[2], "int32"], lambda: torch.zeros(2, dtype=torch.int64))
    cases.add("ones", "ones", [], [[2, 1]], lambda: torch.ones(2, 1, dtype=torch.float64))
    cases.add("zerosLike", "zerosLike", [integers(2, high=9)], ["$0"], torch.zeros_like)
    cases.add("onesLike", "onesLike", [integers(2, high=9)], ["$0"], torch.ones_like)
    cases.add("iota", "iota", [], [[2, 3], 1], lambda: torch.arange(3).expand(2, 3))
    cases.add("scalar", "scalar", [], [2.5], lambda: torch.tensor(2.5, dtype=torch.float64))
    cases.add("tensor", "tensor", [], [[[1, 2], [3, 4.5]]], lambda: torch.tensor([[1, 2], [3, 4.5]], dtype=torch.float64))


def family():
    cases = Family("movement")
    creation(cases)
    shapes(cases)
    slices(cases)
    joins(cases)
    padding(cases)
    window_cases(cases)
    return cases
