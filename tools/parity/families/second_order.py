"""Gradients of gradients."""
import torch
import torch.nn.functional as F

from golden import Family, distinct, uniform


def family():
    cases = Family("second-order")
    add = lambda *arguments: cases.add(*arguments, second=True)
    add("tanh", "tanh", [uniform(2, 3)], ["$0"], torch.tanh)
    add("sigmoid", "sigmoid", [uniform(2, 3)], ["$0"], torch.sigmoid)
    add("gelu", "gelu", [uniform(2, 3)], ["$0"], F.gelu)
    add("softplus", "softplus", [uniform(2, 3)], ["$0"], lambda x: torch.logaddexp(x, torch.zeros_like(x)))
    add("power", "power", [uniform(2, 3, low=0.25), uniform(2, 3)], ["$0", "$1"], torch.pow)
    add("divide", "divide", [uniform(2, 3), uniform(3, low=0.5)], ["$0", "$1"], torch.div)
    add("rsqrt", "rsqrt", [uniform(2, 3, low=0.25)], ["$0"], torch.rsqrt)
    add("product", "product", [uniform(2, 3, low=0.25)], ["$0", {"axes": 1}], lambda x: x.prod(1))
    add("variance", "variance", [uniform(2, 4)], ["$0", {"axes": 1, "correction": 1}], lambda x: x.var(1))
    add("logSumExp", "logSumExp", [uniform(2, 4)], ["$0", {"axes": 1}], lambda x: x.logsumexp(1))
    add("norm", "norm", [uniform(2, 4)], ["$0", {"axes": 1}], lambda x: torch.linalg.vector_norm(x, dim=1))
    add("softmax", "softmax", [uniform(2, 4)], ["$0"], lambda x: x.softmax(-1))
    add("logSoftmax", "logSoftmax", [uniform(2, 4)], ["$0"], lambda x: x.log_softmax(-1))
    add("matmul", "matmul", [uniform(2, 2, 3), uniform(3, 2)], ["$0", "$1"], torch.matmul)
    add("layerNorm", "layerNorm", [uniform(2, 4), uniform(4), uniform(4)], ["$0", 4, {"weight": "$1", "bias": "$2"}],
        lambda x, w, b: F.layer_norm(x, [4], w, b))
    add("groupNorm", "groupNorm", [uniform(2, 4, 2), uniform(4), uniform(4)], ["$0", 2, {"weight": "$1", "bias": "$2"}],
        lambda x, w, b: F.group_norm(x, 2, w, b))
    add("batchNormTraining", "batchNormTraining", [uniform(2, 2, 2, 3), uniform(2), uniform(2)], ["$0", {"weight": "$1", "bias": "$2"}],
        lambda x, w, b: {"output": F.batch_norm(x, None, None, w, b, training=True), "mean": x.mean([0, 2, 3]),
                         "variance": x.var([0, 2, 3], correction=0)})
    add("conv2d", "conv2d", [uniform(1, 2, 5, 5), uniform(2, 2, 3, 3), uniform(2)], ["$0", "$1", {"bias": "$2", "stride": 2, "padding": 1}],
        lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1))
    add("conv2d with groups", "conv2d", [uniform(1, 4, 4, 3), uniform(2, 2, 2, 2)], ["$0", "$1", {"groups": 2, "dilation": [1, 2]}],
        lambda x, w: F.conv2d(x, w, groups=2, dilation=(1, 2)))
    add("convTranspose2d", "convTranspose2d", [uniform(1, 2, 3, 3), uniform(2, 2, 3, 3)], ["$0", "$1", {"stride": 2, "padding": 1, "outputPadding": 1}],
        lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1))
    # Linear in the input: the second gradient is zero, but the way to it leads through every adjoint.
    add("avgPool2d", "avgPool2d", [uniform(1, 2, 4, 5)], ["$0", {"kernelSize": 2, "padding": 1}], lambda x: F.avg_pool2d(x, 2, padding=1))
    add("maxPool2d", "maxPool2d", [distinct(1, 2, 4, 5)], ["$0", {"kernelSize": 2, "padding": 1}], lambda x: F.max_pool2d(x, 2, padding=1))
    return cases
