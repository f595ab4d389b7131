/** What the picture shows, in numbers: how narrow the classes are and how far apart, seen from the origin. */

export interface Angles {
  /** The mean angle between an example and the direction of its class, in degrees. */
  readonly intra: number;
  /** The mean angle between the direction of a class and that of the nearest other, in degrees. */
  readonly inter: number;
  /** The direction of each class in radians: of the sum of its examples, all made equally long. */
  readonly directions: readonly number[];
}

/** `points` as x0, y0, x1, y1, ...; `labels` from 0 to `classes` - 1, each class with at least one example. */
export function measureAngles(points: ArrayLike<number>, labels: ArrayLike<number>, classes: number): Angles {
  const sums = Array.from({ length: classes }, () => ({ x: 0, y: 0 }));
  const angles = Array.from(labels, (label, i) => {
    const angle = Math.atan2(points[2 * i + 1], points[2 * i]);
    sums[label].x += Math.cos(angle);
    sums[label].y += Math.sin(angle);
    return angle;
  });
  const directions = sums.map(({ x, y }) => Math.atan2(y, x));
  const widths = angles.map((angle, i) => between(angle, directions[labels[i]]));
  const gaps = directions.map((own, i) =>
    Math.min(...directions.filter((_, j) => j !== i).map((d) => between(own, d))),
  );
  return { intra: degrees(mean(widths)), inter: degrees(mean(gaps)), directions };
}

/** The angle between two directions, from 0 to pi. */
function between(a: number, b: number): number {
  const turn = Math.abs(a - b) % (2 * Math.PI);
  return Math.min(turn, 2 * Math.PI - turn);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}
