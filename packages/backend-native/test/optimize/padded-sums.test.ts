/** Sums of padded pieces, as the gradients of slices are, are joined where the pieces cover the sum once; and they are the same. */
import { openNative } from "@sconce/backend-native";
import { add, type Backend, compile, pad, type Tensor, tensor, withBackend } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";

/** Where pieces lie along the second axis of a [2, 12, 3] tensor. */
type Bounds = readonly (readonly [start: number, end: number])[];

async function sumOf(bounds: Bounds, backend: Backend): Promise<number[]> {
  const run = compile((...pieces: Tensor[]) =>
    pieces
      .map((piece, i) =>
        pad(piece, [
          [0, 0],
          [bounds[i][0], 12 - bounds[i][1]],
          [0, 0],
        ]),
      )
      .reduce(add),
  );
  try {
    return await withBackend(backend, async () => {
      const pieces = bounds.map(([start, end]) =>
        tensor(
          Float32Array.from({ length: 6 * (end - start) }, (_, i) => Math.sin(i + start)),
          { shape: [2, end - start, 3] },
        ),
      );
      return [...(await (await run(...pieces)).data())];
    });
  } finally {
    await backend.close?.();
  }
}

const cases: readonly (readonly [title: string, bounds: Bounds, isJoined: boolean])[] = [
  [
    "pieces in order",
    [
      [0, 3],
      [3, 4],
      [4, 12],
    ],
    true,
  ],
  [
    "pieces in another order",
    [
      [4, 12],
      [0, 3],
      [3, 4],
    ],
    true,
  ],
  [
    "a gap",
    [
      [0, 3],
      [4, 12],
    ],
    false,
  ],
  [
    "an overlap",
    [
      [0, 5],
      [4, 12],
    ],
    false,
  ],
];

test.runIf(testsNative).each(cases)("%s", async (_, bounds, isJoined) => {
  const claimed: string[] = [];
  const native = await openNative();
  const watched: Backend = {
    ...(native as Backend),
    optimize: (draft, claim) =>
      native.optimize!(draft, (request) => {
        claimed.push(request.op);
        return claim(request);
      }),
  };
  const joined = await sumOf(bounds, watched);
  expect(joined).toEqual(await sumOf(bounds, (await openNative({ optimize: false })) as Backend));
  expect(claimed.includes("concatenate")).toBe(isJoined);
});
