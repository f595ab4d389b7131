/** Two traces of one function must agree; where they do not, something outside changed and was closed over. */
import { attributesKey } from "../compiler/graph.ts";
import { CaptureError } from "../errors.ts";
import type { Source, Tensor } from "../tensor.ts";
import { recordCallSites } from "./call-site.ts";
import type { TracedCall } from "./compile-function.ts";

/** Throws a CaptureError at the first difference; `again` traces once more, to find the user's line. */
export function compareTraces(first: TracedCall, second: TracedCall, again: () => TracedCall): void {
  const at = firstDifference(first, second);
  if (at === undefined) return;
  const before = recordCallSites(true);
  let site: string | undefined;
  try {
    site = again().capture.tensors[at]?.site;
  } finally {
    recordCallSites(before);
  }
  const where = site ? ` (made at ${site})` : "";
  const [a, b] = [first.capture.tensors[at], second.capture.tensors[at]];
  if (isClosedOver(a) && isClosedOver(b)) {
    throw new CaptureError(
      `compile: the function closes over ${b}${where}, which was another tensor in the trace before; a replay would keep using the first.\n` +
        "  wrong:  let batch = ...; const step = compile(() => f(batch)); batch = next; await step();\n" +
        "  right:  const step = compile((batch) => f(batch)); await step(next);",
    );
  }
  throw new CaptureError(
    `compile: two traces of the function differ at ${describe(a)}, then ${describe(b)}${where}: a number from outside that changes was closed over, and a replay would keep its first value.\n` +
      "  wrong:  let rate = 0.1; const step = compile((x) => f(x).mul(rate)); rate = 0.05; await step(x);\n" +
      "  right:  const step = compile((x, rate) => f(x).mul(rate)); await step(x, scalar(0.05));\n" +
      "  or keep it in a Variable, as optimizers keep the learning rate; draw random numbers with randomUniform(...), not Math.random().",
  );
}

function firstDifference(first: TracedCall, second: TracedCall): number | undefined {
  const [a, b] = [first.capture, second.capture];
  const length = Math.max(a.lines.length, b.lines.length);
  for (let i = 0; i < length; i++) {
    const same = a.tensors[i] === b.tensors[i] || sameSource(first.given[i], second.given[i]);
    if (a.lines[i] !== b.lines[i] || !same) return i;
  }
  return a.key === b.key ? undefined : length - 1;
}

function isClosedOver(tensor: Tensor | undefined): boolean {
  return tensor?.source?.kind === "stored" || tensor?.source?.kind === "host";
}

/** Whether two sources stand for the same thing; a constant made inside the function is made anew by each trace. */
function sameSource(x: Source | undefined, y: Source | undefined): boolean {
  if (x?.kind === "host" && y?.kind === "host")
    return x.array.data.every((value, i) => Object.is(value, y.array.data[i]));
  if (x?.kind === "stored" && y?.kind === "stored") return x.storage === y.storage;
  if (x?.kind === "variable" && y?.kind === "variable") return x.variable === y.variable;
  return x?.kind === y?.kind;
}

function describe(tensor: Tensor | undefined): string {
  if (!tensor) return "nothing";
  return `${tensor.op.name}(${tensor.attributes === undefined ? "" : attributesKey(tensor.attributes)})`;
}
