"""Writes the golden values of the losses. usage: python tools/parity/losses.py

Options are Sconce's; "logSoftmax($0, 2)" among the arguments stands for the log-softmax of the first input over axis 2,
and "float($2) / 64" for an integer input as fractions, of which no gradient is taken. Losses that PyTorch lacks are computed from their formulas.
"""
import math
from pathlib import Path

import torch
import torch.nn.functional as F

from golden import Family, exactly, integers, nonzero, uniform

FOLDER = Path(__file__).parents[2] / "packages" / "losses" / "test" / "golden"
REDUCTIONS = ("mean", "sum", "none")


def signs(*values):
    return exactly(list(values), "int32")


def probabilities(*shape):
    return uniform(*shape, low=1 / 32, high=31 / 32)


def reduced(losses, reduction):
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


def each(cases, op, inputs, arguments, options, torch_function):
    """One case per reduction."""
    for reduction in REDUCTIONS:
        name = ", ".join([op, *(f"{key} {value}" for key, value in options.items()), reduction])
        cases.add(name, op, inputs, [*arguments, {**options, "reduction": reduction}],
                  lambda *tensors, r=reduction: torch_function(*tensors, r))


def distances(cases):
    pair, names = [uniform(3, 4), uniform(3, 4)], ["$0", "$1"]
    each(cases, "meanSquaredError", pair, names, {}, lambda a, b, r: F.mse_loss(a, b, reduction=r))
    each(cases, "l1Loss", pair, names, {}, lambda a, b, r: F.l1_loss(a, b, reduction=r))
    for beta in (1, 0.3, 0):
        each(cases, "smoothL1Loss", pair, names, {"beta": beta}, lambda a, b, r, beta=beta: F.smooth_l1_loss(a, b, beta=beta, reduction=r))
    for delta in (1, 0.7):
        each(cases, "huberLoss", pair, names, {"delta": delta}, lambda a, b, r, delta=delta: F.huber_loss(a, b, delta=delta, reduction=r))


def likelihoods(cases):
    labels = exactly([2, 0, -100, 1], "int32")
    nll = lambda x, y, r, **more: F.nll_loss(x.log_softmax(1), y, reduction=r, **more)
    each(cases, "negativeLogLikelihood", [uniform(4, 3), labels], ["logSoftmax($0, 1)", "$1"], {}, nll)
    each(cases, "negativeLogLikelihood", [uniform(4, 3), exactly([2, 0, 1, 1], "int32")], ["logSoftmax($0, 1)", "$1"],
         {"ignoreIndex": 1}, lambda x, y, r: nll(x, y, r, ignore_index=1))
    for reduction in REDUCTIONS:
        w = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)
        cases.add(f"negativeLogLikelihood, weights, {reduction}", "negativeLogLikelihood", [uniform(4, 3), labels, exactly([32, 128, 64], "int32")],
                  ["logSoftmax($0, 1)", "$1", {"weights": "float($2) / 64", "reduction": reduction}],
                  lambda x, y, _, r=reduction: nll(x, y, r, weight=w))
        cases.add(f"softmaxFocalLoss, gamma 0 is cross entropy, {reduction}", "softmaxFocalLoss", [uniform(4, 3), labels, exactly([32, 128, 64], "int32")],
                  ["$0", "$1", {"weights": "float($2) / 64", "gamma": 0, "reduction": reduction}],
                  lambda x, y, _, r=reduction: F.cross_entropy(x, y, weight=w, reduction=r))
        cases.add(f"multiMarginLoss, weights, {reduction}", "multiMarginLoss", [uniform(4, 3), integers(4, high=3), exactly([32, 128, 64], "int32")],
                  ["$0", "$1", {"weights": "float($2) / 64", "margin": 0.7, "p": 2, "reduction": reduction}],
                  lambda x, y, _, r=reduction: F.multi_margin_loss(x, y, weight=w, margin=0.7, p=2, reduction=r))
    each(cases, "negativeLogLikelihood", [uniform(2, 3, 2, 2), integers(2, 2, 2, high=3)], ["logSoftmax($0, 1)", "$1"], {"ignoreIndex": -100}, nll)

    def softmax_focal(x, y, r, gamma):
        log_p = x.log_softmax(1).gather(1, y[:, None])[:, 0]
        return reduced(-((1 - log_p.exp()) ** gamma) * log_p, r)
    for gamma in (2, 1.5):
        each(cases, "softmaxFocalLoss", [uniform(4, 3), integers(4, high=3)], ["$0", "$1"], {"gamma": gamma},
             lambda x, y, r, gamma=gamma: softmax_focal(x, y, r, gamma))


def binary(cases):
    pair, names = [probabilities(3, 4), probabilities(3, 4)], ["$0", "$1"]
    each(cases, "binaryCrossEntropy", pair, names, {}, lambda p, t, r: F.binary_cross_entropy(p, t, reduction=r))
    cases.add("binaryCrossEntropy, certain", "binaryCrossEntropy", [exactly([0, 1, 0, 1], "int32"), exactly([0, 1, 1, 0], "int32")],
              ["float($0)", "float($1)", {"reduction": "none"}], lambda p, t: F.binary_cross_entropy(p.double(), t.double(), reduction="none"))
    each(cases, "binaryCrossEntropyWithLogits", [uniform(3, 4), probabilities(3, 4)], names, {},
         lambda x, t, r: F.binary_cross_entropy_with_logits(x, t, reduction=r))
    for reduction in REDUCTIONS:
        cases.add(f"binaryCrossEntropyWithLogits, posWeight and weights, {reduction}", "binaryCrossEntropyWithLogits",
                  [uniform(3, 4), probabilities(3, 4), integers(4, low=16, high=192), integers(3, 1, low=16, high=192)],
                  ["$0", "$1", {"posWeight": "float($2) / 64", "weights": "float($3) / 64", "reduction": reduction}],
                  lambda x, t, w, v, r=reduction: F.binary_cross_entropy_with_logits(x, t, pos_weight=w / 64, weight=v / 64, reduction=r))
    cases.add("binaryCrossEntropyWithLogits, large", "binaryCrossEntropyWithLogits",
              [exactly([-200.0, 200.0, -200.0, 200.0]), exactly([0.0, 1.0, 1.0, 0.0])], ["$0", "$1", {"reduction": "none"}],
              lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"))

    def sigmoid_focal(x, t, r, alpha=0.25, gamma=2):  # torchvision.ops.sigmoid_focal_loss
        p, ce = torch.sigmoid(x), F.binary_cross_entropy_with_logits(x, t.double(), reduction="none")
        p_t = p * t + (1 - p) * (1 - t)
        loss = ce * ((1 - p_t) ** gamma)
        return reduced(loss if alpha is None else (alpha * t + (1 - alpha) * (1 - t)) * loss, r)
    target = integers(3, 4, high=2)
    each(cases, "sigmoidFocalLoss", [uniform(3, 4), target], names, {}, sigmoid_focal)
    each(cases, "sigmoidFocalLoss", [uniform(3, 4), target], names, {"alpha": 0.6, "gamma": 1.5}, lambda x, t, r: sigmoid_focal(x, t, r, 0.6, 1.5))
    each(cases, "sigmoidFocalLoss", [uniform(3, 4), target], names, {"alpha": None, "gamma": 0}, lambda x, t, r: sigmoid_focal(x, t, r, None, 0))

    def dice(p, t, r, squared=False, smooth=1):
        size = lambda x: (x * x if squared else x).sum((2, 3))
        return reduced(1 - (2 * (p * t).sum((2, 3)) + smooth) / (size(p) + size(t) + smooth), r)
    each(cases, "diceLoss", [probabilities(2, 3, 2, 4), integers(2, 3, 2, 4, high=2)], names, {}, dice)
    each(cases, "diceLoss", [probabilities(2, 3, 2, 4), integers(2, 3, 2, 4, high=2)], names, {"squared": True, "smooth": 0.5},
         lambda p, t, r: dice(p, t, r, True, 0.5))


def divergences(cases):
    names = ["logSoftmax($0, 1)", "$1"]
    for reduction in (*REDUCTIONS, "batchMean"):
        torch_name = reduction.lower()
        cases.add(f"klDivergence, {reduction}", "klDivergence", [uniform(3, 4), probabilities(3, 4)], [*names, {"reduction": reduction}],
                  lambda x, t, r=torch_name: F.kl_div(x.log_softmax(1), t, reduction=r))
        cases.add(f"klDivergence, logTarget, {reduction}", "klDivergence", [uniform(3, 4), uniform(3, 4)],
                  ["logSoftmax($0, 1)", "logSoftmax($1, 1)", {"logTarget": True, "reduction": reduction}],
                  lambda x, t, r=torch_name: F.kl_div(x.log_softmax(1), t.log_softmax(1), reduction=r, log_target=True))
    cases.add("klDivergence, zeros in the target", "klDivergence", [uniform(2, 2), exactly([[0, 1], [1, 0]], "int32")],
              ["logSoftmax($0, 1)", "float($1)", {"reduction": "none"}], lambda x, t: F.kl_div(x.log_softmax(1), t.double(), reduction="none"))

    def jensen_shannon(a, b, r):
        p, q = a.softmax(1), b.softmax(1)
        m = (p + q) / 2
        return reduced(((p * (p / m).log()).sum(1) + (q * (q / m).log()).sum(1)) / 2, r)
    each(cases, "jensenShannonDivergence", [uniform(3, 4), uniform(3, 4)], ["softmax($0, 1)", "softmax($1, 1)"], {}, jensen_shannon)


def margins(cases):
    y = signs(1, -1, -1, 1, 1, -1)
    each(cases, "hingeLoss", [uniform(6), y], ["$0", "$1"], {"margin": 0.9}, lambda x, y, r: reduced(torch.relu(0.9 - y * x), r))
    each(cases, "hingeLoss", [uniform(6), y], ["$0", "$1"], {"squared": True}, lambda x, y, r: reduced(torch.relu(1 - y * x) ** 2, r))
    each(cases, "multiMarginLoss", [uniform(4, 3), integers(4, high=3)], ["$0", "$1"], {"margin": 0.9},
         lambda x, y, r: F.multi_margin_loss(x, y, margin=0.9, reduction=r))
    each(cases, "hingeEmbeddingLoss", [uniform(6), y], ["$0", "$1"], {"margin": 0.9},
         lambda x, y, r: F.hinge_embedding_loss(x, y, margin=0.9, reduction=r))
    each(cases, "marginRankingLoss", [uniform(6), uniform(6), y], ["$0", "$1", "$2"], {"margin": 0.3},
         lambda a, b, y, r: F.margin_ranking_loss(a, b, y, margin=0.3, reduction=r))
    each(cases, "cosineEmbeddingLoss", [nonzero(6, 4), nonzero(6, 4), y], ["$0", "$1", "$2"], {"margin": 0.1},
         lambda a, b, y, r: F.cosine_embedding_loss(a, b, y, margin=0.1, reduction=r))

    def contrastive(a, b, same, r, margin):
        d = (a - b).norm(dim=1)
        return reduced(torch.where(same == 1, d ** 2, torch.relu(margin - d) ** 2) / 2, r)
    each(cases, "contrastiveLoss", [uniform(6, 3), uniform(6, 3), exactly([1, 0, 0, 1, 0, 0], "int32")], ["$0", "$1", "$2"], {"margin": 2.7},
         lambda a, b, s, r: contrastive(a, b, s, r, 2.7))
    triplet = [uniform(5, 3), uniform(5, 3), uniform(5, 3)]
    for options in ({}, {"margin": 0.4, "swap": True}, {"p": 1}, {"p": 3}):
        each(cases, "tripletMarginLoss", triplet, ["$0", "$1", "$2"], options,
             lambda a, p, n, r, options=options: F.triplet_margin_loss(a, p, n, reduction=r, **options))

    def batch_hard(x, labels, r, margin):
        losses, complete = [], []
        for i in range(len(x)):
            d = [(x[i] - x[j]).norm() for j in range(len(x)) if j != i]
            same = [bool(labels[j] == labels[i]) for j in range(len(x)) if j != i]
            complete.append(any(same) and not all(same))
            if not complete[-1]:
                losses.append(x.sum() * 0)
                continue
            gap = max(v for v, s in zip(d, same) if s) - min(v for v, s in zip(d, same) if not s)
            losses.append(F.softplus(gap) if margin == "soft" else torch.relu(gap + margin))
        return reduced(torch.stack(losses), r) if r != "mean" else sum(losses) / sum(complete)
    labels = exactly([0, 1, 2, 1, 0, 0, 3], "int32")
    for margin in (0.7, "soft"):
        each(cases, "batchHardTripletLoss", [uniform(7, 3), labels], ["$0", "$1"], {"margin": margin},
             lambda x, y, r, margin=margin: batch_hard(x, y, r, margin))


def boxes(cases):
    def loss(kind):
        def compute(boxes1, boxes2, r, eps=1e-7):  # torchvision.ops
            (x1, y1, x2, y2), (x1g, y1g, x2g, y2g) = boxes1.unbind(-1), boxes2.unbind(-1)
            xk1, yk1, xk2, yk2 = torch.max(x1, x1g), torch.max(y1, y1g), torch.min(x2, x2g), torch.min(y2, y2g)
            inter = torch.where((yk2 > yk1) & (xk2 > xk1), (xk2 - xk1) * (yk2 - yk1), torch.zeros_like(x1))
            union = (x2 - x1) * (y2 - y1) + (x2g - x1g) * (y2g - y1g) - inter
            iou = inter / (union + eps)
            xc1, yc1, xc2, yc2 = torch.min(x1, x1g), torch.min(y1, y1g), torch.max(x2, x2g), torch.max(y2, y2g)
            if kind == "giou":
                area = (xc2 - xc1) * (yc2 - yc1)
                return reduced(1 - (iou - (area - union) / (area + eps)), r)
            diagonal = (xc2 - xc1) ** 2 + (yc2 - yc1) ** 2 + eps
            centers = ((x2 + x1) / 2 - (x1g + x2g) / 2) ** 2 + ((y2 + y1) / 2 - (y1g + y2g) / 2) ** 2
            diou = 1 - iou + centers / diagonal
            if kind == "diou":
                return reduced(diou, r)
            v = 4 / math.pi ** 2 * (torch.atan((x2g - x1g) / (y2g - y1g)) - torch.atan((x2 - x1) / (y2 - y1))) ** 2
            with torch.no_grad():
                alpha = v / (1 - iou + v + eps)
            return reduced(diou + alpha * v, r)
        return compute
    first = exactly([[0, 0, 2, 3], [1, 1, 4, 2], [0, 0, 1, 1], [-2, -1, 3, 0.5], [5, 5, 5.25, 9]])
    second = exactly([[1, 1, 3, 3.5], [1.25, 0.5, 3.5, 4], [2, 3, 4, 7], [-1, -0.5, 2, 0.25], [0, 0, 8, 0.5]])
    for kind in ("giou", "diou", "ciou"):
        each(cases, f"{kind}Loss", [first, second], ["$0", "$1"], {}, loss(kind))


def sequences(cases):
    def add(name, frames, targets, input_lengths, target_lengths, classes=5, **options):
        ours = {{"zero_infinity": "zeroInfinity"}.get(key, key): value for key, value in options.items()}
        for reduction in REDUCTIONS:
            cases.add(f"ctcLoss, {name}, {reduction}", "ctcLoss",
                      [uniform(frames, len(targets), classes), exactly(targets, "int32"), exactly(input_lengths, "int32"), exactly(target_lengths, "int32")],
                      ["logSoftmax($0, 2)", "$1", "$2", "$3", {**ours, "reduction": reduction}],
                      lambda x, t, n, m, r=reduction: F.ctc_loss(x.log_softmax(2), t, n, m, reduction=r, **options))
    add("whole", 6, [[1, 2, 3], [4, 4, 1]], [6, 6], [3, 3])
    add("lengths", 8, [[1, 2, 2], [3, 3, 0], [1, 0, 0], [0, 0, 0]], [8, 5, 3, 4], [3, 2, 1, 0])
    add("blank 2", 7, [[1, 0, 0], [4, 3, 0]], [7, 6], [3, 2], blank=2)
    add("too short", 4, [[1, 1, 1], [2, 3, 4]], [4, 4], [3, 3], zero_infinity=True)
    add("long", 30, [[1, 2, 3, 4, 4, 3, 2, 1], [2, 2, 2, 2, 0, 0, 0, 0]], [30, 25], [8, 4])


if __name__ == "__main__":
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, fill in {"distances": distances, "likelihoods": likelihoods, "binary": binary, "divergences": divergences,
                       "margins": margins, "boxes": boxes, "sequences": sequences}.items():
        family = Family(name)
        fill(family)
        path = family.write(FOLDER)
        print(f"{path.name}: {len(family.cases)} cases, {path.stat().st_size / 1000:.0f} kB")
