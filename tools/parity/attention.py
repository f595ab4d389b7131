"""Writes the golden values of attention, by PyTorch in float64. usage: python tools/parity/attention.py

A case calls a function or a layer of Sconce and its counterpart. It has the parameters, the inputs, the options, the
results, and the gradients of the sum of the results times the cotangents of golden.py. PyTorch has neither general nor
additive attention; their formulas are written out here.
"""
import json
import zlib
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from golden import DTYPES, described, gradients_of, numbers

FILE = Path(__file__).parents[2] / "packages" / "layers" / "test" / "golden" / "attention.json"
LENGTH, KEYS, BATCH, WIDTH, HEADS = 3, 4, 2, 4, 2


def random(generator, *shape):
    """Numbers in [-1, 1] that float32 holds exactly."""
    return (torch.randint(-32, 33, shape, generator=generator) / 32).double().requires_grad_()


def inputs_of(generator, batch_first=True, query=WIDTH, key=WIDTH, value=WIDTH):
    place = (lambda length: [BATCH, length]) if batch_first else (lambda length: [length, BATCH])
    return [random(generator, *place(LENGTH), query), random(generator, *place(KEYS), key), random(generator, *place(KEYS), value)]


def booleans(values):
    return torch.tensor(values, dtype=torch.bool)


ALLOWED = booleans([[1, 1, 0, 1], [0, 1, 1, 1], [0, 0, 0, 0]])  # the last query may look at nothing
ADDED = torch.tensor([[0, -1, 0.5, 0], [1, float("-inf"), 0, 0], [0, 0, 0, 2]], dtype=torch.float64)
HIDDEN = booleans([[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
PER_HEAD = torch.linspace(-1, 1, BATCH * HEADS * LENGTH * KEYS, dtype=torch.float32).double().reshape(-1, LENGTH, KEYS)
PADDING = booleans([[0, 0, 0, 1], [0, 1, 0, 0]])
OWN_PADDING = booleans([[0, 0, 1], [0, 0, 0]])
OWN_HIDDEN = booleans([[0, 1, 1], [0, 0, 1], [0, 0, 0]])

cases = []


def add(target, arguments, options, masks, make):
    """`make` takes a generator and gives the parameters by name, the inputs and the function of the inputs."""
    generator = torch.Generator().manual_seed(zlib.crc32(f"{target} {arguments} {options} {sorted(masks)}".encode()))
    parameters, inputs, function = make(generator)
    result = function(*inputs)
    outputs = list(result) if isinstance(result, tuple) else [result]
    gradients = gradients_of(outputs, [*inputs, *parameters.values()], 0, False)
    written = lambda tensor: described(tensor, DTYPES[tensor.dtype])
    cases.append({
        "target": target,
        "arguments": arguments,
        "options": options,
        "parameters": {name: written(value) for name, value in parameters.items()},
        "inputs": [written(value) for value in inputs],
        "masks": {name: value if isinstance(value, (bool, float)) else written(value) for name, value in masks.items()},
        "outputs": [written(value) for value in outputs],
        "gradients": [numbers(gradient) for gradient in gradients],
    })


def scaled(masks):
    named = {"attn_mask": masks.get("mask"), "is_causal": masks.get("causal", False), "scale": masks.get("scale")}
    return lambda g: ({}, inputs_of(g), lambda q, k, v: F.scaled_dot_product_attention(q, k, v, **named))


def scored(parameters, score):
    """Attention whose scores are `score(parameters, q, k)`."""
    def make(generator):
        values = {name: random(generator, *shape) for name, shape in parameters.items()}
        inputs = inputs_of(generator, query=WIDTH, key=WIDTH if not parameters else 3, value=5)
        def function(q, k, v):
            weights = score(values, q, k).softmax(-1)
            return weights @ v, weights
        return values, inputs, function
    return make


def additive(p, q, k):
    compared = torch.tanh((q @ p["query_weight"].T)[:, :, None] + (k @ p["key_weight"].T)[:, None])
    return (compared @ p["score_weight"].T)[..., 0]


def layer(kind, options, width_options, masks, inputs, **fixed):
    """A layer of PyTorch with random parameters; `masks` are keyword arguments of its forward."""
    def make(generator):
        module = getattr(nn, kind)(WIDTH, HEADS, **options, **width_options, **fixed).double()
        for parameter in module.parameters():
            parameter.data = random(generator, *parameter.shape).data
        return dict(module.named_parameters()), inputs(generator), lambda *given: module(*given, **masks)
    return make


for masks in [{}, {"causal": True}, {"scale": 0.5}, {"mask": ALLOWED}, {"mask": ADDED}]:
    add("scaledDotProductAttention", [], {}, masks, scaled(masks))
add("DotProductAttention", [], {"scaled": False}, {}, scored({}, lambda p, q, k: q @ k.transpose(1, 2)))
add("GeneralAttention", [WIDTH, 3], {}, {}, scored({"weight": [WIDTH, 3]}, lambda p, q, k: q @ p["weight"] @ k.transpose(1, 2)))
sizes = {"query_weight": [6, WIDTH], "key_weight": [6, 3], "score_weight": [1, 6]}
add("AdditiveAttention", [WIDTH, 3, 6], {}, {}, scored(sizes, additive))

MULTIHEAD = [
    ({}, {}),
    ({"bias": False}, {"keyPaddingMask": PADDING}),
    ({"batchFirst": True}, {"attentionMask": HIDDEN, "averageWeights": False}),
    ({"keyWidth": 3, "valueWidth": 5}, {"attentionMask": PER_HEAD, "keyPaddingMask": PADDING}),
]
TORCH = {
    "bias": "bias", "batchFirst": "batch_first", "keyWidth": "kdim", "valueWidth": "vdim", "keyPaddingMask": "key_padding_mask",
    "attentionMask": "attn_mask", "averageWeights": "average_attn_weights", "feedforward": "dim_feedforward", "normFirst": "norm_first",
    "activation": "activation", "dropout": "dropout", "mask": "src_mask", "memoryMask": "memory_mask",
    "memoryKeyPaddingMask": "memory_key_padding_mask",
}
renamed = lambda options, **other: {{**TORCH, **other}[name]: value for name, value in options.items()}
for options, masks in MULTIHEAD:
    shapes = {"batch_first": options.get("batchFirst", False), "key": options.get("keyWidth", WIDTH), "value": options.get("valueWidth", WIDTH)}
    given = renamed(masks)
    if "attentionMask" in masks and "keyPaddingMask" in masks:  # PyTorch wants both of one kind
        given["key_padding_mask"] = torch.zeros(PADDING.shape, dtype=torch.float64).masked_fill(PADDING, float("-inf"))
    add("MultiheadAttention", [WIDTH, HEADS], options, masks,
        layer("MultiheadAttention", renamed(options), {}, given, lambda g, shapes=shapes: inputs_of(g, **shapes)))
add("MultiheadAttention", [WIDTH, HEADS], {}, {"attentionMask": OWN_HIDDEN},
    lambda g: (lambda p, i, f: (p, i[:1], lambda x: f(x, x, x)))(
        *layer("MultiheadAttention", {}, {}, {"attn_mask": OWN_HIDDEN}, lambda h: inputs_of(h, False))(g)))

for options, masks in [
    ({}, {}),
    ({"normFirst": True, "activation": "gelu", "batchFirst": True}, {"mask": OWN_HIDDEN, "keyPaddingMask": OWN_PADDING}),
    ({"bias": False}, {"mask": OWN_HIDDEN}),
]:
    options = {"feedforward": 6, "dropout": 0, **options}
    add("TransformerEncoderLayer", [WIDTH, HEADS], options, masks,
        layer("TransformerEncoderLayer", renamed(options), {}, renamed(masks, keyPaddingMask="src_key_padding_mask"),
              lambda g, first=options.get("batchFirst", False): inputs_of(g, first)[:1]))
for options, masks in [
    ({}, {"mask": OWN_HIDDEN}),
    ({"normFirst": True, "activation": "gelu", "batchFirst": True},
     {"keyPaddingMask": OWN_PADDING, "memoryMask": HIDDEN, "memoryKeyPaddingMask": booleans([[0, 0, 0, 0], [0, 1, 0, 0]])}),
]:
    options = {"feedforward": 6, "dropout": 0, **options}
    add("TransformerDecoderLayer", [WIDTH, HEADS], options, masks,
        layer("TransformerDecoderLayer", renamed(options), {}, renamed(masks, mask="tgt_mask", keyPaddingMask="tgt_key_padding_mask"),
              lambda g, first=options.get("batchFirst", False): inputs_of(g, first)[:2]))


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases)
    FILE.write_text(f"[\n{lines}\n]\n")
    print(f"{FILE.name}: {len(cases)} cases, {FILE.stat().st_size / 1000:.0f} kB")
