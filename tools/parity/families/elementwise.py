"""Functions of one, two and three tensors, element by element."""
import torch
import torch.nn.functional as F

from golden import Family, booleans, exactly, integers, nonzero, uniform

INFINITY = float("inf")


def unary(cases):
    smooth = {
        "abs": torch.abs, "negate": torch.neg, "sign": torch.sign, "square": torch.square, "exp": torch.exp,
        "expm1": torch.expm1, "sin": torch.sin, "cos": torch.cos, "tan": torch.tan, "tanh": torch.tanh,
        "erf": torch.erf, "sigmoid": torch.sigmoid, "relu": torch.relu, "floor": torch.floor, "ceil": torch.ceil,
        "gelu": F.gelu, "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    }
    for op, function in smooth.items():
        cases.add(op, op, [uniform(3, 5)], ["$0"], function)
    for op, function in {"sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "log": torch.log}.items():
        cases.add(op, op, [uniform(3, 5, low=0.125, high=6)], ["$0"], function)
    cases.add("reciprocal", "reciprocal", [nonzero(3, 5)], ["$0"], torch.reciprocal)
    cases.add("log1p", "log1p", [uniform(3, 5, low=-0.75)], ["$0"], torch.log1p)

    cases.add("gelu, tanh formula", "gelu", [uniform(3, 5, low=-4, high=4)], ["$0", {"approximate": True}],
              lambda x: F.gelu(x, approximate="tanh"))
    cases.add("gelu, far from zero", "gelu", [exactly([-30, -8, -5, -3, 3, 5, 8, 30])], ["$0"], F.gelu)
    for op, function in {"abs": torch.abs, "sign": torch.sign, "relu": torch.relu}.items():
        cases.add(f"{op} at zero", op, [exactly([-1, 0, 1])], ["$0"], function)
    cases.add("round halves to even", "round", [exactly([-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 0.25, -0.75])],
              ["$0"], torch.round)
    tiny = [2.0**-power for power in (8, 12, 16, 20, 26)]
    for op, function in {"expm1": torch.expm1, "log1p": torch.log1p, "erf": torch.erf, "tanh": torch.tanh}.items():
        for value in tiny[1::2]:
            cases.add(f"{op} of {value:.3g}", op, [exactly([value, -value])], ["$0"], function)
    cases.add("erf, far from zero", "erf", [exactly([-5, -3, -1.5, 1.5, 3, 5])], ["$0"], torch.erf)
    cases.add("sigmoid, far from zero", "sigmoid", [exactly([-100, -20, 20, 100])], ["$0"], torch.sigmoid)
    cases.add("sigmoid, small values", "sigmoid", [exactly([-20, -16])], ["$0"], torch.sigmoid)
    cases.add("softplus, far from zero", "softplus", [exactly([-100, -20, 20, 100])], ["$0"],
              lambda x: torch.logaddexp(x, torch.zeros_like(x)))
    cases.add("softplus, small values", "softplus", [exactly([-20, -16])], ["$0"],
              lambda x: torch.logaddexp(x, torch.zeros_like(x)))
    cases.add("tanh, far from zero", "tanh", [exactly([-50, -9, 9, 50])], ["$0"], torch.tanh)
    cases.add("isNaN", "isNaN", [exactly([1, float("nan"), INFINITY])], ["$0"], torch.isnan)
    cases.add("logicalNot", "logicalNot", [exactly([0, 1, -2])], ["$0"], torch.logical_not)
    for op, function in {"abs": torch.abs, "negate": torch.neg, "sign": torch.sign, "square": torch.square}.items():
        cases.add(f"{op} of int32", op, [integers(2, 4, low=-5, high=6)], ["$0"], function)
    cases.add("exp of int32", "exp", [integers(5, low=-3, high=4)], ["$0"], lambda x: torch.exp(x.double()))


def binary(cases):
    arithmetic = {"add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div,
                  "maximum": torch.maximum, "minimum": torch.minimum}
    for op, function in arithmetic.items():
        cases.add(op, op, [uniform(2, 3), nonzero(2, 3)], ["$0", "$1"], function)
        cases.add(f"{op}, broadcast both ways", op, [uniform(2, 1, 3), nonzero(4, 1)], ["$0", "$1"], function)
        cases.add(f"{op}, broadcast a scalar", op, [exactly(1.5), nonzero(2, 3)], ["$0", "$1"], function)
        cases.add(f"{op}, number", op, [uniform(2, 3)], ["$0", 0.75], lambda x, f=function: f(x, torch.tensor(0.75).double()))
        cases.add(f"{op}, number first", op, [nonzero(2, 3)], [0.75, "$0"],
                  lambda x, f=function: f(torch.tensor(0.75).double(), x))
        if op != "divide":
            cases.add(f"{op} of int32", op, [integers(2, 3, low=-9, high=9), integers(3, low=-9, high=9)], ["$0", "$1"],
                      function)
    cases.add("divide int32", "divide", [integers(2, 3, low=-9, high=9), exactly([2, -3, 7], "int32")], ["$0", "$1"],
              lambda a, b: a.double() / b)
    for op in ("maximum", "minimum"):
        cases.add(f"{op}, ties", op, [exactly([1, 2, 3, 0]), exactly([1, 3, 2, 0])], ["$0", "$1"], arithmetic[op])
        cases.add(f"{op}, NaN", op, [exactly([1, float("nan")]), exactly([float("nan"), 1])], ["$0", "$1"],
                  lambda a, b, f=arithmetic[op]: f(a.detach(), b.detach()))

    tops, bottoms = [7, -7, 7, -7, 6, -6, 0.5, -0.5], [3, 3, -3, -3, 3, 3, -2, -2]
    floor_divide = lambda a, b: torch.div(a, b, rounding_mode="floor")
    for op, function in {"remainder": torch.remainder, "floorDivide": floor_divide}.items():
        cases.add(f"{op}, signs", op, [exactly(tops), exactly(bottoms)], ["$0", "$1"], function)
        cases.add(f"{op} of int32, signs", op, [exactly([7, -7, 7, -7, 6, -6], "int32"), exactly([3, 3, -3, -3, 3, -3], "int32")],
                  ["$0", "$1"], function)
        cases.add(f"{op}, number", op, [uniform(3, 4)], ["$0", 0.75], lambda x, f=function: f(x, 0.75))
        cases.add(f"{op}, broadcast", op, [uniform(3, 4), nonzero(3, 1)], ["$0", "$1"], function)

    cases.add("power", "power", [uniform(2, 3, low=0.25), uniform(2, 3)], ["$0", "$1"], torch.pow)
    cases.add("power, broadcast", "power", [uniform(2, 1, low=0.25), uniform(3)], ["$0", "$1"], torch.pow)
    for exponent in (0, 1, 2, 3, 4, -1, -2):
        cases.add(f"power, exponent {exponent}", "power", [nonzero(2, 3)], ["$0", exponent], lambda x, e=exponent: x**e)
    cases.add("power, exponent 0.5", "power", [uniform(2, 3, low=0.25)], ["$0", 0.5], lambda x: x**0.5)
    cases.add("power, number first", "power", [uniform(2, 3)], [1.5, "$0"], lambda x: torch.pow(1.5, x))
    cases.add("power at zero", "power", [exactly([0, 0, 0, 2]), exactly([0, 1, 2, 0])], ["$0", "$1"], torch.pow)

    compared = {"equal": torch.eq, "notEqual": torch.ne, "less": torch.lt, "lessEqual": torch.le, "greater": torch.gt,
                "greaterEqual": torch.ge}
    for op, function in compared.items():
        cases.add(op, op, [exactly([1, 2, 3, float("nan"), 1]), exactly([1, 3, 2, 1, float("nan")])], ["$0", "$1"], function)
        cases.add(f"{op}, broadcast int32", op, [integers(2, 3, high=3), integers(2, 1, high=3)], ["$0", "$1"], function)
    for op, function in {"logicalAnd": torch.logical_and, "logicalOr": torch.logical_or}.items():
        cases.add(op, op, [booleans(3, 4), booleans(4)], ["$0", "$1"], function)
    for op, function in {"bitwiseAnd": torch.bitwise_and, "bitwiseOr": torch.bitwise_or, "bitwiseXor": torch.bitwise_xor}.items():
        cases.add(op, op, [integers(2, 4, low=-100, high=100), integers(4, low=-100, high=100)], ["$0", "$1"], function)
    cases.add("shiftLeft", "shiftLeft", [integers(2, 4, low=-50, high=50), integers(4, high=9)], ["$0", "$1"],
              torch.bitwise_left_shift)
    cases.add("shiftRight", "shiftRight", [integers(2, 4, low=-500, high=500), integers(4, high=9)], ["$0", "$1"],
              torch.bitwise_right_shift)


def choice(cases):
    cases.add("where", "where", [booleans(2, 3), uniform(2, 3), uniform(2, 3)], ["$0", "$1", "$2"], torch.where)
    cases.add("where, all broadcast", "where", [booleans(3, 1), uniform(4), uniform(2, 1, 1)], ["$0", "$1", "$2"], torch.where)
    cases.add("where, number", "where", [booleans(2, 3), uniform(2, 3)], ["$0", "$1", -1.5],
              lambda c, x: torch.where(c, x, torch.tensor(-1.5).double()))
    ends = exactly([-2, -1, -0.5, 0, 0.5, 1, 2])
    cases.add("clamp", "clamp", [ends], ["$0", -0.5, 1], lambda x: torch.clamp(x, -0.5, 1))
    cases.add("clamp from below", "clamp", [ends], ["$0", 0.5, "Infinity"], lambda x: torch.clamp(x, min=0.5))
    cases.add("clamp from above", "clamp", [ends], ["$0", "-Infinity", 0.5], lambda x: torch.clamp(x, max=0.5))
    cases.add("cast to int32", "cast", [exactly([-2.75, -0.5, 0, 0.5, 2.75])], ["$0", "int32"], lambda x: x.long())
    cases.add("cast to bool", "cast", [exactly([-2.75, 0, 0.5])], ["$0", "bool"], lambda x: x.bool())
    cases.add("cast from bool", "cast", [booleans(5)], ["$0", "float32"], lambda x: x.double())
    cases.add("cast to float16", "cast",
              [exactly([1, 1 + 2.0**-11, 1 + 3 * 2.0**-11, 65519, 65520, 2.0**-24, 2.0**-25, 3 * 2.0**-25, -5.5])],
              ["$0", "float16"], lambda x: x.detach().half())


def family():
    cases = Family("elementwise")
    unary(cases)
    binary(cases)
    choice(cases)
    return cases
