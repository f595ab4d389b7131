/** What the golden values leave out: extremes, masks, and errors that show the shapes and the fix. */
import "@sconce/backend-cpu/register";
import {
  compile,
  grad,
  logSoftmax,
  type NestedNumbers,
  randomNormal,
  stopGradient,
  type Tensor,
  tensor,
  zeros,
} from "@sconce/core";
import {
  batchHardTripletLoss,
  binaryCrossEntropy,
  ciouLoss,
  contrastiveLoss,
  cosineEmbeddingLoss,
  ctcLoss,
  diceLoss,
  giouLoss,
  huberLoss,
  jensenShannonDivergence,
  klDivergence,
  l1Loss,
  multiMarginLoss,
  negativeLogLikelihood,
  sigmoidFocalLoss,
  smoothL1Loss,
  softmaxFocalLoss,
  tripletMarginLoss,
} from "@sconce/losses";
import { expect, test } from "vitest";

const integers = (data: NestedNumbers): Tensor => tensor(data, { dtype: "int32" });
const gradientOf = async (loss: Tensor, x: Tensor): Promise<number[]> => [...(await grad(loss, x).data())];

test("gradients stay finite where a logarithm or a norm does not", async () => {
  const certain = tensor([0, 1, 0, 1]);
  const binary = await gradientOf(binaryCrossEntropy(certain, tensor([0, 1, 1, 0])), certain);
  const point = tensor([
    [1, 2],
    [3, 4],
  ]);
  const contrasted = await gradientOf(contrastiveLoss(point, stopGradient(point), integers([0, 1])), point);
  const equal = zeros([3, 2]);
  const mined = await gradientOf(batchHardTripletLoss(equal, integers([0, 0, 1])), equal);
  const p = tensor([[0, 1]]);
  const diverged = await gradientOf(jensenShannonDivergence(p, tensor([[1, 0]])), p);
  expect([...binary, ...contrasted, ...mined, ...diverged].every(Number.isFinite)).toBe(true);
  expect(await jensenShannonDivergence(p, tensor([[1, 0]])).item()).toBeCloseTo(Math.LN2, 6);
});

test("a batch without triplets has loss 0", async () => {
  const x = randomNormal([4, 2]);
  expect(await batchHardTripletLoss(x, integers([0, 0, 0, 0])).item()).toBe(0);
  expect(await batchHardTripletLoss(x, integers([0, 1, 2, 3]), { margin: "soft" }).item()).toBe(0);
  expect(await gradientOf(batchHardTripletLoss(x, integers([0, 1, 2, 3])), x)).toEqual(new Array(8).fill(0));
});

test("boxes that are equal have loss 0, and boxes of any proportions a finite CIoU", async () => {
  const box = tensor([[1, 2, 3, 5]], { dtype: "float64" });
  for (const loss of [giouLoss, ciouLoss]) expect(await loss(box, stopGradient(box)).item()).toBeCloseTo(0, 6);
  const [flat, tall] = [
    tensor([[0, 0, 1000, 0.001]], { dtype: "float64" }),
    tensor([[0, 0, 0.001, 1000]], { dtype: "float64" }),
  ];
  // The angles of the diagonals differ by almost pi / 2, so v is almost 1, and so is alpha v times 2.
  expect(await ciouLoss(flat, tall).item()).toBeCloseTo(1 + 0.25 + 0.5, 4);
});

test("CTC of a target that does not fit is infinite or 0, with gradient 0, and reads nothing beyond the lengths", async () => {
  const logits = randomNormal([3, 2, 4]);
  const loss = (zeroInfinity: boolean, padding: number): Tensor =>
    ctcLoss(
      logSoftmax(logits, 2),
      integers([
        [1, 1, 1],
        [2, padding, padding],
      ]),
      integers([3, 3]),
      integers([3, 1]),
      { zeroInfinity, reduction: "none" },
    );
  const [tooLong, fits] = await loss(false, 0).data();
  expect(tooLong).toBe(Number.POSITIVE_INFINITY);
  expect([...(await loss(true, -1).data())]).toEqual([0, fits]);
  const gradient = grad(loss(false, 99).sum(), logits);
  expect(await gradient.slice([null, 0]).abs().sum().item()).toBe(0);
  expect(await gradient.slice([null, 1]).abs().sum().item()).toBeGreaterThan(0);
});

test("CTC is one program inside compile, and its gradients are those of the sum over all paths", async () => {
  const logits = randomNormal([4, 1, 3], { dtype: "float64" });
  const step = compile((x: Tensor) => {
    const loss = ctcLoss(logSoftmax(x, 2), integers([[1, 2]]), integers([4]), integers([2]), { reduction: "sum" });
    return { loss, gradient: grad(loss, x) };
  });
  const { loss } = await step(logits);
  const rows = (await logSoftmax(logits, 2).squeeze(1).array()) as number[][];
  let likelihood = 0;
  for (let code = 0; code < 3 ** 4; code++) {
    const path = Array.from({ length: 4 }, (_, t) => Math.floor(code / 3 ** t) % 3);
    const spelled = path.filter((c, t) => c !== 0 && c !== path[t - 1]).join("");
    if (spelled === "12") likelihood += Math.exp(path.reduce((sum, c, t) => sum + rows[t][c], 0));
  }
  expect(await loss.item()).toBeCloseTo(-Math.log(likelihood), 10);
});

test("errors show what was given and the fix", () => {
  const [x, y] = [zeros([4, 3]), zeros([4, 2])];
  for (const loss of [l1Loss, smoothL1Loss, huberLoss, binaryCrossEntropy, klDivergence, sigmoidFocalLoss, diceLoss]) {
    expect(() => loss(x, y)).toThrow(new RegExp(`${loss.name}: .*\\[4, 3\\].*\\[4, 2\\]; they must be equal`));
    expect(() => loss(x, x, { reduction: "average" as never })).toThrow(/reduction is average/);
  }
  for (const loss of [negativeLogLikelihood, softmaxFocalLoss, multiMarginLoss]) {
    expect(() => loss(x, zeros([3], "int32"))).toThrow(
      new RegExp(`${loss.name}: the labels are int32 \\[3\\].*must be \\[4\\]`),
    );
    expect(() => loss(x, zeros([4], "int32"), { weights: zeros([4]) })).toThrow(/one per class: \[3\]/);
  }
  expect(() => huberLoss(x, x, { delta: 0 })).toThrow(/huberLoss: delta is 0; give a finite number above 0/);
  expect(() => tripletMarginLoss(x, x, y)).toThrow(/the anchor has shape \[4, 3\], the negative \[4, 2\]/);
  expect(() => cosineEmbeddingLoss(x, x, zeros([3]))).toThrow(/target has shape \[3\].*must be \[4\], one per pair/);
  expect(() => batchHardTripletLoss(x, zeros([3], "int32"))).toThrow(
    /\[4, 3\] and labels \[3\]; they must be \[N, D\] and \[N\]/,
  );
  expect(() => diceLoss(x, x)).toThrow(/\[N, C, \.\.\.\]/);
  expect(() => giouLoss(x, x)).toThrow(/x1, y1, x2, y2: \[\.\.\., 4\]/);
  const lengths = zeros([2], "int32");
  expect(() => ctcLoss(zeros([2, 5, 3]), zeros([2, 1], "int32"), lengths, lengths)).toThrow(/permute\(\[1, 0, 2\]\)/);
  expect(() => ctcLoss(zeros([5, 2, 3]), zeros([2, 1], "int32"), lengths, lengths, { blank: 3 })).toThrow(
    /from 0 to 2/,
  );
});
