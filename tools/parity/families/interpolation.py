"""Resizing of feature maps."""
import torch.nn.functional as F

from golden import Family, uniform

TORCH_NAMES = {"scaleFactor": "scale_factor", "alignCorners": "align_corners"}


def family():
    cases = Family("interpolation")

    def add(title, shape, **options):
        named = {TORCH_NAMES.get(name, name): value for name, value in options.items()}
        if len(shape) == 3 and named.get("mode") == "bilinear":
            named["mode"] = "linear"
        named = {name: tuple(value) if isinstance(value, list) else value for name, value in named.items()}
        cases.add(title, "interpolate", [uniform(*shape)], ["$0", options], lambda x: F.interpolate(x, **named))

    for mode in ("nearest", "bilinear"):
        one = lambda title, shape, **options: add(f"{mode}, {title}", shape, mode=mode, **options)
        one("twice as large", (1, 2, 3, 4), scaleFactor=2)
        one("half as large", (1, 2, 4, 6), scaleFactor=0.5)
        one("unlike factors", (1, 1, 3, 4), scaleFactor=[3, 1.5])
        one("a factor that does not divide", (1, 2, 5, 5), scaleFactor=1.5)
        one("to one size", (1, 2, 5, 3), size=4)
        one("to two sizes", (1, 2, 3, 7), size=[7, 3])
        one("from one element and to one", (1, 2, 1, 5), size=[3, 1])
        one("one axis", (2, 2, 5), size=8)
        one("the same size", (1, 1, 3, 2), size=[3, 2])
    aligned = lambda title, shape, **options: add(f"corners aligned, {title}", shape, mode="bilinear", alignCorners=True, **options)
    aligned("larger", (1, 2, 3, 4), size=[7, 5])
    aligned("smaller", (1, 2, 5, 4), size=[2, 3])
    aligned("by a factor", (1, 2, 3, 5), scaleFactor=1.5)
    aligned("from one element and to one", (1, 2, 1, 5), size=[3, 1])
    aligned("one axis", (2, 2, 5), size=8)
    return cases
