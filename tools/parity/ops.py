"""Writes the golden values of core's ops. usage: python tools/parity/ops.py"""
from pathlib import Path

import torch

from families import (convolution, elementwise, indexing, interpolation, linear, movement, normalization, pooling, reduction,
                      second_order)

FOLDER = Path(__file__).parents[2] / "packages" / "core" / "test" / "golden"

if __name__ == "__main__":
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for module in (elementwise, reduction, movement, indexing, linear, convolution, pooling, interpolation, normalization, second_order):
        family = module.family()
        path = family.write(FOLDER)
        print(f"{path.name}: {len(family.cases)} cases, {path.stat().st_size / 1000:.0f} kB")
