"""Convolutions and their transposes."""
import torch
import torch.nn.functional as F

from golden import Family, uniform


def forward(cases, op, function, title, x, weight, bias=False, **options):
    inputs = [uniform(*x), uniform(*weight)] + ([uniform(weight[0])] if bias else [])
    arguments = ["$0", "$1", {**options, **({"bias": "$2"} if bias else {})}]
    cases.add(f"{op}, {title}", op, inputs, arguments, lambda x, w, b=None: function(x, w, b, **options))


def transposed(cases, op, function, title, x, weight, bias=False, **options):
    groups = options.get("groups", 1)
    inputs = [uniform(*x), uniform(*weight)] + ([uniform(weight[1] * groups)] if bias else [])
    arguments = ["$0", "$1", {**options, **({"bias": "$2"} if bias else {})}]
    named = {"output_padding" if name == "outputPadding" else name: value for name, value in options.items()}
    cases.add(f"{op}, {title}", op, inputs, arguments, lambda x, w, b=None: function(x, w, b, **named))


def family():
    cases = Family("convolution")
    one = lambda title, x, w, **options: forward(cases, "conv1d", F.conv1d, title, x, w, **options)
    one("plain", (2, 3, 7), (4, 3, 3))
    one("bias", (2, 3, 7), (4, 3, 3), bias=True)
    one("stride 2, padding 1", (2, 2, 8), (3, 2, 3), stride=2, padding=1)
    one("dilation 2", (1, 2, 9), (3, 2, 3), dilation=2, padding=2)
    one("groups", (2, 4, 6), (6, 2, 3), groups=2, bias=True)
    one("kernel 1", (2, 3, 5), (4, 3, 1))
    one("same", (1, 2, 6), (2, 2, 4), padding="same")
    one("kernel as long as the input", (2, 3, 5), (2, 3, 5))

    two = lambda title, x, w, **options: forward(cases, "conv2d", F.conv2d, title, x, w, **options)
    two("plain", (2, 3, 5, 6), (4, 3, 3, 3))
    two("bias", (2, 2, 4, 4), (3, 2, 3, 3), bias=True)
    two("padding 1", (2, 2, 4, 5), (3, 2, 3, 3), padding=1)
    two("stride 2", (1, 2, 7, 6), (3, 2, 3, 3), stride=2)
    two("stride 2, padding 1, an end left over", (1, 2, 6, 8), (3, 2, 3, 3), stride=2, padding=1)
    two("stride 3, dilation 2", (1, 2, 9, 10), (2, 2, 3, 2), stride=3, dilation=2, padding=1)
    two("stride beyond the kernel", (1, 2, 7, 7), (2, 2, 2, 2), stride=3)
    two("dilation 2", (1, 2, 7, 7), (2, 2, 3, 3), dilation=2)
    two("unlike axes", (1, 2, 9, 8), (3, 2, 3, 2), stride=[2, 1], padding=[2, 0], dilation=[1, 3], bias=True)
    two("asymmetric kernel 1x5", (2, 2, 4, 7), (3, 2, 1, 5), padding=[0, 2])
    two("asymmetric kernel 5x1", (2, 2, 7, 4), (3, 2, 5, 1), padding=[2, 0], stride=[2, 1])
    two("kernel 1x1", (2, 3, 4, 3), (5, 3, 1, 1))
    two("kernel 1x1, stride 2", (2, 3, 5, 4), (2, 3, 1, 1), stride=2, bias=True)
    two("groups", (2, 4, 5, 5), (6, 2, 3, 3), groups=2, padding=1)
    two("depthwise", (2, 4, 5, 5), (4, 1, 3, 3), groups=4, padding=1, bias=True)
    two("depthwise, stride 2", (1, 3, 7, 6), (3, 1, 3, 3), groups=3, stride=2, padding=1)
    two("depthwise, two outputs per channel", (1, 3, 5, 5), (6, 1, 3, 3), groups=3)
    two("depthwise, dilation 2", (1, 2, 7, 7), (2, 1, 3, 3), groups=2, dilation=2, padding=2)
    two("same, odd kernel", (1, 2, 5, 5), (2, 2, 3, 3), padding="same")
    two("same, even kernel and dilation", (1, 2, 6, 6), (2, 2, 2, 4), padding="same", dilation=[1, 2])
    two("padding beyond the kernel", (1, 1, 3, 3), (2, 1, 2, 2), padding=3)
    two("kernel as large as the input", (2, 2, 3, 4), (3, 2, 3, 4))
    two("one output channel", (2, 3, 4, 4), (1, 3, 3, 3), padding=1)
    two("many channels", (1, 17, 3, 5), (18, 17, 1, 3), padding=[0, 1])
    two("7x7, stride 2, padding 3", (1, 3, 11, 12), (4, 3, 7, 7), stride=2, padding=3)

    three = lambda title, x, w, **options: forward(cases, "conv3d", F.conv3d, title, x, w, **options)
    three("plain", (1, 2, 4, 4, 3), (3, 2, 2, 3, 2))
    three("stride, padding, bias", (1, 2, 5, 4, 4), (2, 2, 3, 3, 3), stride=2, padding=1, bias=True)
    three("unlike axes", (1, 2, 5, 4, 6), (2, 2, 2, 1, 3), stride=[1, 2, 1], padding=[0, 1, 2], dilation=[2, 1, 2])
    three("groups", (1, 4, 3, 3, 3), (4, 2, 2, 2, 2), groups=2)

    one = lambda title, x, w, **options: transposed(cases, "convTranspose1d", F.conv_transpose1d, title, x, w, **options)
    one("plain", (2, 3, 5), (3, 4, 3), bias=True)
    one("stride 2, padding 1, output padding 1", (2, 2, 4), (2, 3, 3), stride=2, padding=1, outputPadding=1)
    one("dilation 2", (1, 2, 5), (2, 3, 3), dilation=2)
    one("groups", (1, 4, 4), (4, 2, 3), groups=2, stride=3, bias=True)

    two = lambda title, x, w, **options: transposed(cases, "convTranspose2d", F.conv_transpose2d, title, x, w, **options)
    two("plain", (2, 3, 3, 4), (3, 2, 3, 3))
    two("bias", (2, 3, 3, 3), (3, 4, 2, 2), bias=True)
    two("stride 2, kernel 2", (1, 2, 3, 4), (2, 3, 2, 2), stride=2)
    two("stride 2, padding 1, output padding 1", (1, 2, 3, 4), (2, 3, 3, 3), stride=2, padding=1, outputPadding=1, bias=True)
    two("stride 3, gaps", (1, 2, 3, 3), (2, 2, 2, 2), stride=3)
    two("dilation 2", (1, 2, 4, 3), (2, 2, 3, 2), dilation=2, padding=1)
    two("groups", (1, 4, 3, 3), (4, 2, 3, 3), groups=2, stride=2)
    two("depthwise", (1, 3, 3, 4), (3, 1, 4, 4), groups=3, stride=2, padding=1)
    two("unlike axes", (1, 2, 3, 4), (2, 3, 3, 2), stride=[2, 3], padding=[1, 0], outputPadding=[1, 2], dilation=[2, 1])
    two("output padding with dilation", (1, 1, 3, 3), (1, 2, 2, 2), dilation=2, outputPadding=1, bias=True)
    two("output padding with dilation and padding", (1, 1, 3, 3), (1, 2, 2, 3), dilation=3, outputPadding=2, padding=1)
    return cases
