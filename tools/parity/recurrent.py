"""Writes the golden values of recurrent layers, by PyTorch in float64. usage: python tools/parity/recurrent.py

A case has the parameters, the inputs, what the layer gives, and the gradients of the sum of its results times the
cotangents of golden.py. With lengths, PyTorch is given packed sequences.
"""
import json
import zlib
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from golden import described, gradients_of, numbers

FILE = Path(__file__).parents[2] / "packages" / "layers" / "test" / "golden" / "recurrent.json"
STEPS, BATCH, INPUTS, HIDDEN = 4, 3, 2, 3

LAYERS = [
    ("RNN", {}, {}),
    ("RNN", {"nonlinearity": "relu", "layers": 2, "bidirectional": True}, {"state": True}),
    ("RNN", {"bidirectional": True}, {"lengths": [4, 1, 2]}),
    ("LSTM", {}, {"state": True}),
    ("LSTM", {"bias": False}, {}),
    ("LSTM", {"layers": 2}, {"lengths": [2, 4, 3]}),
    ("LSTM", {"layers": 2, "bidirectional": True}, {"state": True, "lengths": [3, 1, 4]}),
    ("GRU", {}, {"state": True}),
    ("GRU", {"bias": False, "batchFirst": True}, {}),
    ("GRU", {"layers": 2, "batchFirst": True}, {"state": True, "lengths": [2, 3, 4]}),
    ("GRU", {"layers": 2, "bidirectional": True}, {"state": True, "lengths": [1, 4, 3]}),
]
CELLS = [
    ("RNNCell", {}, {}),
    ("RNNCell", {"nonlinearity": "relu"}, {"state": True}),
    ("LSTMCell", {}, {}),
    ("LSTMCell", {"bias": False}, {"state": True}),
    ("GRUCell", {}, {"state": True}),
    ("GRUCell", {"bias": False}, {}),
]
NAMES = {"layers": "num_layers", "batchFirst": "batch_first"}


def random(generator, *shape):
    """Numbers in [-1, 1] that float32 holds exactly."""
    return (torch.randint(-32, 33, shape, generator=generator) / 32).double().requires_grad_()


def case(kind, options, given):
    generator = torch.Generator().manual_seed(zlib.crc32(f"{kind} {options} {given}".encode()))
    layer = getattr(nn, kind)(INPUTS, HIDDEN, **{NAMES.get(key, key): value for key, value in options.items()}).double()
    for parameter in layer.parameters():
        parameter.data = random(generator, *parameter.shape).data
    cell, lengths = kind.endswith("Cell"), given.get("lengths")
    extents = [BATCH] if cell else [BATCH, STEPS] if options.get("batchFirst") else [STEPS, BATCH]
    x = random(generator, *extents, INPUTS)
    state = []
    if "state" in given:
        rows = [] if cell else [options.get("layers", 1) * (2 if options.get("bidirectional") else 1)]
        state = [random(generator, *rows, BATCH, HIDDEN) for _ in range(2 if "LSTM" in kind else 1)]
    argument = tuple(state) if len(state) == 2 else state[0] if state else None
    first = options.get("batchFirst", False)
    sequence = pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=False) if lengths else x
    result = layer(sequence, argument)
    if cell:
        outputs = list(result) if isinstance(result, tuple) else [result]
    else:
        output, last = result
        if lengths:
            output, _ = pad_packed_sequence(output, batch_first=first, total_length=STEPS)
        outputs = [output, *(last if isinstance(last, tuple) else [last])]
    parameters = dict(layer.named_parameters())
    gradients = gradients_of(outputs, [x, *state, *parameters.values()], 0, False)
    written = lambda tensors: [described(tensor, "float32") for tensor in tensors]
    return {
        "kind": kind,
        "options": options,
        "lengths": lengths,
        "parameters": dict(zip(parameters, written(parameters.values()))),
        "inputs": written([x, *state]),
        "outputs": written(outputs),
        "gradients": [numbers(gradient) for gradient in gradients],
    }


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    cases = [case(*line) for line in LAYERS + CELLS]
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases)
    FILE.write_text(f"[\n{lines}\n]\n")
    print(f"{FILE.name}: {len(cases)} cases, {FILE.stat().st_size / 1000:.0f} kB")
