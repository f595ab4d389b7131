"""Cases of golden values.

A case calls one function of Sconce and its counterpart in PyTorch. PyTorch computes in float64, from inputs that
float32 holds exactly, so the golden values are the true ones to the digits that are written.
"""
import json
import math
import zlib
from pathlib import Path

import torch

DTYPES = {
    torch.float64: "float32",  # computed wider than what Sconce is asked for
    torch.float16: "float16",
    torch.int64: "int32",
    torch.bool: "bool",
}


class Input:
    """An input of a case: its shape and dtype, and how its values are made from the case's own generator."""

    def __init__(self, shape, dtype, make):
        self.shape, self.dtype, self.make = shape, dtype, make

    def tensor(self, generator):
        values = self.make(generator)
        kind = {"float32": torch.float64, "int32": torch.int64, "bool": torch.bool}[self.dtype]
        return values.reshape(self.shape).to(kind)


def uniform(*shape, low=-2.0, high=2.0):
    """Numbers in [low, high], in steps of 1/32 so that they are short and exact."""
    make = lambda g: torch.randint(round(low * 32), round(high * 32) + 1, shape, generator=g) / 32
    return Input(shape, "float32", make)


def nonzero(*shape):
    """Numbers with magnitudes from 1/4 to 2."""
    def make(g):
        size = torch.randint(8, 65, shape, generator=g) / 32
        return size * (torch.randint(0, 2, shape, generator=g) * 2 - 1)
    return Input(shape, "float32", make)


def distinct(*shape):
    """Numbers that all differ, by at least 1/16, in random order and around zero."""
    count = math.prod(shape)
    return Input(shape, "float32", lambda g: (torch.randperm(count, generator=g) - count // 2) / 16)


def integers(*shape, low=0, high):
    """Whole numbers in [low, high)."""
    return Input(shape, "int32", lambda g: torch.randint(low, high, shape, generator=g))


def booleans(*shape):
    return Input(shape, "bool", lambda g: torch.randint(0, 2, shape, generator=g))


def exactly(values, dtype="float32"):
    """The given numbers, nested as the shape says."""
    tensor = torch.tensor(values, dtype=torch.float64)
    return Input(tuple(tensor.shape), dtype, lambda g: tensor)


class Family:
    """The cases of one golden file."""

    def __init__(self, name):
        self.name, self.cases = name, []

    def add(self, name, op, inputs, arguments, torch_function, second=False):
        """Adds a case. `arguments` are those of Sconce's function, with "$0" for the first input and so on;
        `torch_function` takes the inputs. `second` adds gradients of the gradients."""
        if any(case["name"] == name for case in self.cases):
            raise ValueError(f"two cases of {self.name} are named {name}")
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.name} {name}".encode()))
        tensors = [given.tensor(generator) for given in inputs]
        for tensor in tensors:
            tensor.requires_grad_(tensor.is_floating_point())
        result = torch_function(*tensors)
        case = {
            "name": name,
            "op": op,
            "inputs": [described(tensor, given.dtype) for tensor, given in zip(tensors, inputs)],
            "arguments": arguments,
            "result": described_tree(result),
        }
        floats = [tensor for tensor in tensors if tensor.requires_grad]
        outputs = [tensor for tensor in leaves(result) if tensor.dtype == torch.float64]
        if any(output.requires_grad for output in outputs):
            gradients = gradients_of(outputs, floats, 0, second)
            case["gradients"] = [numbers(gradient) for gradient in gradients]
            if second:
                again = gradients_of(gradients, floats, len(outputs), False)
                case["secondGradients"] = [numbers(gradient) for gradient in again]
        self.cases.append(case)

    def write(self, folder):
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in self.cases)
        path = Path(folder) / f"{self.name}.json"
        path.write_text(f"[\n{lines}\n]\n")
        return path


def cotangent(shape, position):
    """What output number `position` is multiplied with before the sum that is differentiated."""
    index = torch.arange(math.prod(shape))
    return (((index * 7 + position * 3) % 11 - 5) / 4).to(torch.float64).reshape(shape)


def gradients_of(outputs, inputs, first, create_graph):
    loss = sum((output * cotangent(output.shape, first + i)).sum() for i, output in enumerate(outputs))
    found = torch.autograd.grad(loss, inputs, create_graph=create_graph, materialize_grads=True)
    return list(found)


def leaves(tree):
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, (list, tuple)) else [tree]


def described_tree(tree):
    if isinstance(tree, dict):
        return {name: described_tree(part) for name, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [described_tree(part) for part in tree]
    return described(tree, DTYPES[tree.dtype])


def described(tensor, dtype):
    return {"shape": list(tensor.shape), "dtype": dtype, "data": numbers(tensor)}


def numbers(tensor):
    return [number(value) for value in tensor.detach().flatten().tolist()]


def number(value):
    """Nine significant digits, the shortest that tell all float32 numbers apart."""
    value = float(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    rounded = float(f"{value:.9g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e9 else rounded
