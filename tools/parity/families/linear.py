"""Products of matrices, vectors and more."""
import torch

from golden import Family, integers, uniform


def family():
    cases = Family("linear")
    shapes = {
        "matrix, matrix": [(3, 4), (4, 5)],
        "vector, vector": [(4,), (4,)],
        "vector, matrix": [(4,), (4, 5)],
        "matrix, vector": [(3, 4), (4,)],
        "batch, matrix": [(2, 3, 4), (4, 5)],
        "batch of batches, matrix": [(2, 2, 3, 4), (4, 5)],
        "matrix, batch": [(3, 4), (2, 4, 5)],
        "batch, batch": [(2, 3, 4), (2, 4, 5)],
        "batches that broadcast": [(2, 1, 3, 4), (3, 4, 5)],
        "batches that broadcast both ways": [(3, 1, 2, 4), (1, 2, 4, 3)],
        "batch, vector": [(2, 3, 4), (4,)],
        "vector, batch": [(4,), (2, 4, 5)],
        "row, column": [(1, 4), (4, 1)],
        "column, row": [(4, 1), (1, 4)],
        "one by one": [(1, 1), (1, 1)],
        "larger": [(17, 19), (19, 18)],
    }
    for title, (a, b) in shapes.items():
        cases.add(f"matmul, {title}", "matmul", [uniform(*a), uniform(*b)], ["$0", "$1"], torch.matmul)
    for title in ("matrix, matrix", "batch, matrix", "matrix, batch", "batch, batch", "batches that broadcast"):
        a, b = shapes[title]
        for flags in ({"transposeA": True}, {"transposeB": True}, {"transposeA": True, "transposeB": True}):
            first, second = flags.get("transposeA", False), flags.get("transposeB", False)
            exchanged = lambda shape, flag: (*shape[:-2], shape[-1], shape[-2]) if flag else shape
            cases.add(f"matmul, {title}, {' and '.join(flags)}", "matmul", [uniform(*exchanged(a, first)), uniform(*exchanged(b, second))],
                      ["$0", "$1", flags],
                      lambda x, y, f=first, s=second: torch.matmul(x.mT if f else x, y.mT if s else y))
    cases.add("matmul of one matrix with itself", "matmul", [uniform(3, 3)], ["$0", "$0"], lambda x: x @ x)
    cases.add("matmul of int32", "matmul", [integers(2, 3, low=-9, high=9), integers(3, 2, low=-9, high=9)], ["$0", "$1"],
              lambda a, b: a.double() @ b.double())
    cases.add("outer", "outer", [uniform(3), uniform(4)], ["$0", "$1"], torch.outer)

    equations = {
        "ij,jk->ik": [(2, 3), (3, 4)],
        "ij,kj->ki": [(2, 3), (4, 3)],
        "bij,bjk->bik": [(2, 3, 4), (2, 4, 2)],
        "bhqd,bhkd->bhqk": [(2, 2, 3, 4), (2, 2, 5, 4)],
        "ij->ji": [(2, 3)],
        "ij->": [(2, 3)],
        "ij->j": [(2, 3)],
        "ii->i": [(3, 3)],
        "ii->": [(3, 3)],
        "i,i->": [(4,), (4,)],
        "i,j->ij": [(3,), (4,)],
        "ij,ij->ij": [(2, 3), (2, 3)],
        "ij,j->i": [(2, 3), (3,)],
        "ij,jk,kl->il": [(2, 3), (3, 4), (4, 2)],
        "bi,ijk,bk->bj": [(2, 3), (3, 4, 2), (2, 2)],
        "ij,jk": [(2, 3), (3, 4)],
        "ba": [(2, 3)],
        "...ij,...jk->...ik": [(2, 3, 4), (2, 4, 2)],
        "...i->...": [(2, 3, 4)],
    }
    for equation, operands in equations.items():
        cases.add(f"einsum {equation}", "einsum", [uniform(*shape) for shape in operands],
                  [equation, *(f"${i}" for i in range(len(operands)))], lambda *given, e=equation: torch.einsum(e, *given))
    return cases
