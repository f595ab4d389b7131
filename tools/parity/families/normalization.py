"""Normalizations, and softmax."""
import torch
import torch.nn.functional as F

from golden import Family, exactly, uniform


def affine(channels):
    return [uniform(channels), uniform(channels)]


def batches(cases):
    def trained(x, w=None, b=None, epsilon=1e-5):
        axes = [axis for axis in range(x.dim()) if axis != 1]
        output = F.batch_norm(x, None, None, w, b, training=True, eps=epsilon)
        return {"output": output, "mean": x.mean(axes), "variance": x.var(axes, correction=0)}

    for shape in ((6, 3), (3, 2, 5), (2, 3, 3, 4), (2, 2, 2, 2, 3)):
        title = f"{len(shape)} axes"
        cases.add(f"batchNormTraining, {title}", "batchNormTraining", [uniform(*shape), *affine(shape[1])],
                  ["$0", {"weight": "$1", "bias": "$2"}], trained)
        cases.add(f"batchNorm, {title}", "batchNorm", [uniform(*shape), uniform(shape[1]), uniform(shape[1], low=0.25), *affine(shape[1])],
                  ["$0", {"mean": "$1", "variance": "$2", "weight": "$3", "bias": "$4"}],
                  lambda x, m, v, w, b: normalized(x, m, v, w, b))
    x = uniform(2, 3, 3, 2)
    cases.add("batchNormTraining, plain", "batchNormTraining", [x], ["$0"], trained)
    cases.add("batchNormTraining, weight only", "batchNormTraining", [x, uniform(3)], ["$0", {"weight": "$1"}], trained)
    cases.add("batchNormTraining, bias only", "batchNormTraining", [x, uniform(3)], ["$0", {"bias": "$1"}], lambda x, b: trained(x, b=b))
    cases.add("batchNormTraining, epsilon", "batchNormTraining", [x, *affine(3)], ["$0", {"weight": "$1", "bias": "$2", "epsilon": 0.25}],
              lambda x, w, b: trained(x, w, b, 0.25))
    offset = exactly([[[100.5, 101, 99.5, 100]], [[100.25, 99, 100, 101.5]]])
    cases.add("batchNormTraining, mean far from zero", "batchNormTraining", [offset], ["$0"], trained)
    cases.add("batchNorm, plain", "batchNorm", [x, uniform(3), uniform(3, low=0.25)], ["$0", {"mean": "$1", "variance": "$2"}],
              lambda x, m, v: normalized(x, m, v))
    cases.add("batchNorm, epsilon", "batchNorm", [x, uniform(3), uniform(3, low=0.25), *affine(3)],
              ["$0", {"mean": "$1", "variance": "$2", "weight": "$3", "bias": "$4", "epsilon": 0.25}],
              lambda x, m, v, w, b: normalized(x, m, v, w, b, 0.25))
    cases.add("batchNorm, bias only", "batchNorm", [x, uniform(3), uniform(3, low=0.25), uniform(3)],
              ["$0", {"mean": "$1", "variance": "$2", "bias": "$3"}], lambda x, m, v, b: normalized(x, m, v, bias=b))


def normalized(x, mean, variance, weight=None, bias=None, epsilon=1e-5):
    """F.batch_norm for inference, with gradients to its statistics too."""
    seen = [1, -1] + [1] * (x.dim() - 2)
    y = (x - mean.reshape(seen)) / torch.sqrt(variance.reshape(seen) + epsilon)
    y = y if weight is None else y * weight.reshape(seen)
    y = y if bias is None else y + bias.reshape(seen)
    expected = F.batch_norm(x, mean.detach(), variance.detach(), weight, bias, training=False, eps=epsilon)
    assert torch.allclose(y, expected, rtol=1e-12, atol=1e-12)
    return y


def others(cases):
    for shape, trailing in (((2, 5), [5]), ((2, 3, 4), [4]), ((2, 3, 4), [3, 4]), ((2, 2, 2, 3), [2, 2, 3])):
        title = f"last {len(trailing)} of {len(shape)} axes"
        cases.add(f"layerNorm, {title}", "layerNorm", [uniform(*shape), uniform(*trailing), uniform(*trailing)],
                  ["$0", trailing, {"weight": "$1", "bias": "$2"}], lambda x, w, b, t=trailing: F.layer_norm(x, t, w, b))
    cases.add("layerNorm, one number", "layerNorm", [uniform(2, 3, 4)], ["$0", 4], lambda x: F.layer_norm(x, [4]))
    cases.add("layerNorm, weight only", "layerNorm", [uniform(2, 3, 4), uniform(4)], ["$0", 4, {"weight": "$1"}], lambda x, w: F.layer_norm(x, [4], w))
    cases.add("layerNorm, epsilon", "layerNorm", [uniform(2, 3, 4)], ["$0", [4], {"epsilon": 0.25}], lambda x: F.layer_norm(x, [4], eps=0.25))
    cases.add("layerNorm, mean far from zero", "layerNorm", [exactly([[100.5, 101, 99.5, 100], [-1000.5, -1000, -999, -1001]])], ["$0", 4],
              lambda x: F.layer_norm(x, [4]))
    for groups, shape in ((1, (2, 4, 3)), (2, (2, 4, 3, 2)), (4, (2, 4, 3, 2)), (3, (2, 6)), (2, (1, 4, 2, 2, 2))):
        title = f"{groups} of {shape[1]} channels, {len(shape)} axes"
        cases.add(f"groupNorm, {title}", "groupNorm", [uniform(*shape), *affine(shape[1])], ["$0", groups, {"weight": "$1", "bias": "$2"}],
                  lambda x, w, b, n=groups: F.group_norm(x, n, w, b))
    cases.add("groupNorm, plain", "groupNorm", [uniform(2, 4, 3, 2)], ["$0", 2], lambda x: F.group_norm(x, 2))
    for shape in ((2, 3, 5), (2, 3, 3, 2), (1, 2, 2, 3, 2)):
        cases.add(f"instanceNorm, {len(shape)} axes", "instanceNorm", [uniform(*shape), *affine(shape[1])], ["$0", {"weight": "$1", "bias": "$2"}],
                  lambda x, w, b: F.instance_norm(x, weight=w, bias=b))
    cases.add("instanceNorm, plain", "instanceNorm", [uniform(2, 3, 3, 2)], ["$0"], F.instance_norm)


def exponentials(cases):
    for op, function in {"softmax": torch.softmax, "logSoftmax": torch.log_softmax}.items():
        cases.add(f"{op}, last axis by default", op, [uniform(2, 3, 4)], ["$0"], lambda x, f=function: f(x, -1))
        for axis in (0, 1, 2, -2):
            cases.add(f"{op}, axis {axis}", op, [uniform(2, 3, 4)], ["$0", axis], lambda x, f=function, a=axis: f(x, a))
        cases.add(f"{op}, large", op, [exactly([[1000, 999, 990, -1000], [-1000, -1001, -1002, -1e4]])], ["$0"], lambda x, f=function: f(x, -1))
        cases.add(f"{op}, vector", op, [uniform(7)], ["$0"], lambda x, f=function: f(x, -1))
        cases.add(f"{op}, one class", op, [uniform(3, 1)], ["$0"], lambda x, f=function: f(x, -1))
    masked = exactly([[float("-inf"), 1, 2], [0.5, float("-inf"), float("-inf")]])
    cases.add("softmax, masked", "softmax", [masked], ["$0"], lambda x: torch.softmax(x, -1))
    cases.add("logSoftmax, masked", "logSoftmax", [masked], ["$0"], lambda x: torch.log_softmax(x.detach(), -1))


def family():
    cases = Family("normalization")
    batches(cases)
    others(cases)
    exponentials(cases)
    return cases
