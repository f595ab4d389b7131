"""Reading and adding at positions, and sorting."""
import torch
import torch.nn.functional as F

from golden import Family, distinct, exactly, integers, uniform


def positions(cases):
    # Along the other axes the positions may cover less than x.
    for axis, shape in {0: (5, 2, 4), 1: (2, 5, 3), -1: (2, 3, 6)}.items():
        extent = (2, 3, 4)[axis]
        cases.add(f"gather, axis {axis}", "gather", [uniform(2, 3, 4), integers(*shape, high=extent)], ["$0", "$1", axis],
                  lambda x, i, a=axis: x.gather(a, i))
        cases.add(f"scatterAdd, axis {axis}", "scatterAdd", [uniform(2, 3, 4), integers(*shape, high=extent), uniform(*shape)],
                  ["$0", "$1", "$2", axis], lambda x, i, u, a=axis: x.scatter_add(a, i, u))
        cases.add(f"indexSelect, axis {axis}", "indexSelect", [uniform(2, 3, 4), integers(7, high=extent)], ["$0", "$1", axis],
                  lambda x, i, a=axis: x.index_select(a, i))
    cases.add("gather of int32", "gather", [integers(3, 4, high=99), integers(3, 2, high=4)], ["$0", "$1", 1], lambda x, i: x.gather(1, i))
    cases.add("scatterAdd, every update to one place", "scatterAdd", [uniform(2, 3), exactly([[1] * 5, [0] * 5], "int32"), uniform(2, 5)],
              ["$0", "$1", "$2", 1], lambda x, i, u: x.scatter_add(1, i, u))
    cases.add("indexSelect, positions of two axes", "indexSelect", [uniform(2, 4, 3), integers(3, 2, high=4)], ["$0", "$1", 1],
              lambda x, i: x.index_select(1, i.flatten()).reshape(2, 3, 2, 3))
    cases.add("embedding", "embedding", [uniform(6, 3), exactly([[1, 5, 1], [0, 1, 2]], "int32")], ["$0", "$1"], lambda w, t: F.embedding(t, w))
    cases.add("oneHot", "oneHot", [integers(2, 3, high=4)], ["$0", 4], lambda i: F.one_hot(i, 4).double())
    cases.add("oneHot of bool", "oneHot", [integers(3, high=4)], ["$0", 4, "bool"], lambda i: F.one_hot(i, 4).bool())


def order(cases):
    ties = exactly([[2, 1, 2, 0, 1, 2], [3, 3, 1, 1, 3, 1]])
    for descending in (False, True):
        way = "descending" if descending else "ascending"
        options = {"descending": True} if descending else {}
        for axis in (0, 1, -1):
            picked = {**options, "axis": axis}
            cases.add(f"sort, {way}, axis {axis}", "sort", [distinct(2, 4, 3)], ["$0", picked],
                      lambda x, d=descending, a=axis: x.sort(a, descending=d).values)
            cases.add(f"argsort, {way}, axis {axis}", "argsort", [distinct(2, 4, 3)], ["$0", picked],
                      lambda x, d=descending, a=axis: x.argsort(a, descending=d))
        stable = lambda x, d=descending: x.sort(dim=-1, stable=True, descending=d)
        cases.add(f"argsort, {way}, equal elements keep their order", "argsort", [ties], ["$0", options], lambda x, s=stable: s(x).indices)
        cases.add(f"sort, {way}, equal elements", "sort", [ties], ["$0", options], lambda x, s=stable: s(x).values)
        cases.add(f"sort of int32, {way}", "sort", [integers(2, 7, low=-9, high=10)], ["$0", options], lambda x, s=stable: s(x).values)
        cases.add(f"sort, {way}, NaN and Infinity", "sort", [exactly([2, float("nan"), float("-inf"), 1, float("inf")])], ["$0", options],
                  lambda x, s=stable: s(x.detach()).values)
    for k in (1, 3, 5):
        cases.add(f"topK {k}", "topK", [distinct(3, 5)], ["$0", k], lambda x, n=k: top(x, n))
    cases.add("topK, smallest", "topK", [distinct(3, 5)], ["$0", 2, {"largest": False}], lambda x: top(x, 2, largest=False))
    cases.add("topK, axis 0", "topK", [distinct(5, 3)], ["$0", 2, {"axis": 0}], lambda x: top(x, 2, dim=0))


def top(x, k, **options):
    values, indices = x.topk(k, **options)
    return {"values": values, "indices": indices}


def family():
    cases = Family("indexing")
    positions(cases)
    order(cases)
    return cases
