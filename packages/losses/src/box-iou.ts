/**
 * Losses of boxes that overlap, or should, as torchvision computes them. With I the intersection over union of two boxes
 * and E the smallest box around both:
 *   GIoU = 1 - I + |E without the union| / |E|                                       (Rezatofighi et al. 2019)
 *   DIoU = 1 - I + (distance of the centers / diagonal of E)^2                       (Zheng et al. 2020)
 *   CIoU = DIoU + alpha v,  v = 4 / pi^2 (difference of the angles atan(w / h))^2,   (Zheng et al. 2020)
 *          alpha = v / (1 - I + v), taken as a constant.
 */
import {
  add,
  divide,
  formatShape,
  maximum,
  minimum,
  multiply,
  narrow,
  relu,
  ShapeError,
  square,
  squeeze,
  stopGradient,
  subtract,
  type Tensor,
} from "@sconce/core";
import { atan } from "./atan.ts";
import { checkNumber, checkSameShape } from "./check.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface BoxLossOptions {
  /** `mean` over the boxes by default. */
  readonly reduction?: Reduction;
  /** Added to denominators; 1e-7 by default. */
  readonly epsilon?: number;
}

/** GIoU of `boxes` and `target` [..., 4] as x1, y1, x2, y2 with x1 <= x2 and y1 <= y2: a scalar, or [...] without reduction. */
export function giouLoss(boxes: Tensor, target: Tensor, options: BoxLossOptions = {}): Tensor {
  const { reduction, epsilon } = checkBoxes("giouLoss", boxes, target, options);
  const { iou, union, hull } = compare(boxes, target, epsilon);
  const area = multiply(hull.width, hull.height);
  return reduce(add(subtract(1, iou), divide(subtract(area, union), add(area, epsilon))), reduction);
}

/** DIoU of `boxes` and `target` [..., 4] as x1, y1, x2, y2: a scalar, or [...] without reduction. */
export function diouLoss(boxes: Tensor, target: Tensor, options: BoxLossOptions = {}): Tensor {
  const { reduction, epsilon } = checkBoxes("diouLoss", boxes, target, options);
  return reduce(compare(boxes, target, epsilon).distance, reduction);
}

/** CIoU of `boxes` and `target` [..., 4] as x1, y1, x2, y2: a scalar, or [...] without reduction. */
export function ciouLoss(boxes: Tensor, target: Tensor, options: BoxLossOptions = {}): Tensor {
  const { reduction, epsilon } = checkBoxes("ciouLoss", boxes, target, options);
  const { iou, distance, first, second } = compare(boxes, target, epsilon);
  // The difference of two angles with tangents w / h, as one arc tangent.
  const across = subtract(multiply(second.width, first.height), multiply(first.width, second.height));
  const along = add(multiply(second.height, first.height), multiply(first.width, second.width));
  const v = multiply(square(atan(divide(across, along))), 4 / Math.PI ** 2);
  const alpha = stopGradient(divide(v, add(add(subtract(1, iou), v), epsilon)));
  return reduce(add(distance, multiply(alpha, v)), reduction);
}

interface Box {
  readonly left: Tensor;
  readonly top: Tensor;
  readonly right: Tensor;
  readonly bottom: Tensor;
  readonly width: Tensor;
  readonly height: Tensor;
}

interface Comparison {
  readonly first: Box;
  readonly second: Box;
  /** The smallest box around both. */
  readonly hull: Box;
  readonly union: Tensor;
  readonly iou: Tensor;
  /** The DIoU loss. */
  readonly distance: Tensor;
}

function compare(boxes: Tensor, target: Tensor, epsilon: number): Comparison {
  const [first, second] = [unpack(boxes), unpack(target)];
  const overlap = multiply(
    relu(subtract(minimum(first.right, second.right), maximum(first.left, second.left))),
    relu(subtract(minimum(first.bottom, second.bottom), maximum(first.top, second.top))),
  );
  const area = ({ width, height }: Box): Tensor => multiply(width, height);
  const union = subtract(add(area(first), area(second)), overlap);
  const iou = divide(overlap, add(union, epsilon));
  const hull = box(
    minimum(first.left, second.left),
    minimum(first.top, second.top),
    maximum(first.right, second.right),
    maximum(first.bottom, second.bottom),
  );
  const shift = (a: Tensor, b: Tensor, c: Tensor, d: Tensor): Tensor =>
    square(multiply(subtract(add(a, b), add(c, d)), 0.5));
  const centers = add(
    shift(first.left, first.right, second.left, second.right),
    shift(first.top, first.bottom, second.top, second.bottom),
  );
  const diagonal = add(add(square(hull.width), square(hull.height)), epsilon);
  return { first, second, hull, union, iou, distance: add(subtract(1, iou), divide(centers, diagonal)) };
}

function unpack(boxes: Tensor): Box {
  const part = (i: number): Tensor => squeeze(narrow(boxes, -1, i, 1), -1);
  return box(part(0), part(1), part(2), part(3));
}

function box(left: Tensor, top: Tensor, right: Tensor, bottom: Tensor): Box {
  return { left, top, right, bottom, width: subtract(right, left), height: subtract(bottom, top) };
}

function checkBoxes(loss: string, boxes: Tensor, target: Tensor, options: BoxLossOptions): Required<BoxLossOptions> {
  const { reduction = "mean", epsilon = 1e-7 } = options;
  checkReduction(loss, reduction);
  checkNumber(loss, "epsilon", epsilon);
  checkSameShape(loss, { boxes, target });
  if (boxes.rank === 0 || boxes.shape[boxes.rank - 1] !== 4) {
    throw new ShapeError(
      `${loss}: the boxes have shape ${formatShape(boxes.shape)}; the last axis must hold x1, y1, x2, y2: [..., 4].`,
    );
  }
  return { reduction, epsilon };
}
