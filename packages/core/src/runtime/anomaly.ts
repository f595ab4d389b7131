/** `detectAnomaly(fn)`: runs op by op and names the first op that made a NaN or an infinity, with the user's call site. */
import { isFloat, viewArray } from "../dtype.ts";
import { SconceError } from "../errors.ts";
import { decodeNumbers, type HostArray } from "../host-array.ts";
import type { Tensor } from "../tensor.ts";
import { recordCallSites } from "./call-site.ts";
import type { MaybePromise } from "./maybe-promise.ts";

type Check = (tensors: readonly Tensor[]) => MaybePromise<void>;

let active: Check | undefined;

/** What to do with every tensor an evaluation computed; undefined unless anomalies are looked for. */
export function activeAnomalyCheck(): Check | undefined {
  return active;
}

/**
 * Runs `fn`, checking every result of every op that is evaluated before its promise settles.
 * Throws a SconceError at the first op that turns finite inputs into a NaN or an infinity.
 */
export async function detectAnomaly<Result>(fn: () => Result | Promise<Result>): Promise<Result> {
  const before = active;
  const sites = recordCallSites(true);
  active = checkAll;
  try {
    return await fn();
  } finally {
    active = before;
    recordCallSites(sites);
  }
}

/** `tensors` come inputs first, so the first bad one is where it began. */
async function checkAll(tensors: readonly Tensor[]): Promise<void> {
  for (const tensor of tensors) {
    if (!isFloat(tensor.dtype)) continue;
    const bad = await firstBad(tensor);
    if (bad === undefined) continue;
    const inputs = tensor.inputs.map((input) => `${input.dtype} [${input.shape.join(", ")}]`).join(", ");
    throw new SconceError(
      `detectAnomaly: ${tensor.op.name}(${inputs}) made ${bad.value} at element ${bad.at} of [${tensor.shape.join(", ")}]` +
        `${tensor.site ? `, called at ${tensor.site}` : ""}.`,
    );
  }
}

async function firstBad(tensor: Tensor): Promise<{ value: number; at: number } | undefined> {
  const { source } = tensor;
  let array: HostArray;
  if (source?.kind === "host") array = source.array;
  else if (source?.kind === "stored") {
    const bytes = await source.storage.runtime.backend.read(source.storage.buffer, source.storage.byteLength);
    array = { shape: tensor.shape, dtype: tensor.dtype, data: viewArray(tensor.dtype, bytes, 0, tensor.size) };
  } else return undefined;
  const values = decodeNumbers(array.data, tensor.dtype);
  const at = values.findIndex((value: number) => !Number.isFinite(value));
  return at < 0 ? undefined : { value: values[at], at };
}
