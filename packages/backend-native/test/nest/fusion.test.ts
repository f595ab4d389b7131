/** Operators that are done in one go give the bits that they give one by one. */
import { applyScalar, type Instruction, type LoopNest, type ScalarOperator } from "@sconce/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { openNative } from "../../src/index.ts";

const operators: readonly ScalarOperator[] = [
  "add",
  "subtract",
  "multiply",
  "divide",
  "maximum",
  "minimum",
  "negate",
  "sqrt",
];
const comparisons: readonly ScalarOperator[] = ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"];
const special = [-0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** Which loops each input is read along: a value per element, row, column, or a single one. */
const reaches = [["row", "column"], ["row", "column"], ["row"], ["column"], []] as const;

/**
 * Applications in a row; each takes the value before it, or one from further back. Some choose by a comparison, which may
 * be one that was made before, and some choose again with the same other value.
 */
const applications = fc.array(
  fc.record({
    operator: fc.constantFrom(...operators, ...comparisons),
    other: fc.nat(),
    third: fc.nat(),
    back: fc.nat(4),
    exchanged: fc.boolean(),
    again: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);
/** Of two zeros the addon takes the left one for the larger or smaller; the contract leaves that open. */
function rounded({ operator }: Instruction & { kind: "apply" }, operands: readonly number[]): number {
  if (operator === "where") return operands[0] ? operands[1] : operands[2];
  const chooses = operator === "maximum" || operator === "minimum";
  if (chooses && operands[0] === operands[1]) return operands[0];
  return Math.fround(applyScalar(operator, operands, "float32", "float32"));
}

/** Sizes that end within vectors, blocks of several rows, and rows of several blocks. */
const shapes = fc.constantFrom(
  [1, 5],
  [7, 1],
  [3, 1030],
  [37, 19],
  [130, 33],
  [2, 2500],
  [60, 128],
  [300, 24],
  [24, 144],
);

test.runIf(testsNative)("operators that are done as one", async () => {
  const native = await openNative({ threads: 2 });
  const property = fc.property(
    shapes,
    applications,
    fc.array(fc.nat(), { maxLength: 2 }),
    ([rows, columns], list, also) => {
      const loads = reaches.map((reach, input): Instruction => {
        const strides = [
          reach.includes("row" as never) ? (reach.length === 2 ? columns : 1) : 0,
          Number(reach.includes("column" as never)),
        ];
        return { kind: "load", input, dtype: "float32", access: { kind: "affine", offset: 0, strides } };
      });
      const body = [...loads];
      const numbers = loads.map((_, i) => i);
      const apply = (operator: ScalarOperator, dtype: "float32" | "bool", operands: readonly number[]): number =>
        body.push({ kind: "apply", operator, dtype, operands }) - 1;
      let bools: number[] = [];
      let chosen = 0;
      for (const { operator, other, third, back, exchanged, again } of list) {
        const any = numbers[other % numbers.length];
        const running = back === 4 ? any : numbers[numbers.length - 1];
        const operands = exchanged ? [any, running] : [running, any];
        if (comparisons.includes(operator)) {
          const condition = again && bools.length > 1 ? bools[third % bools.length] : apply(operator, "bool", operands);
          bools = [...bools, condition];
          chosen = again ? chosen : numbers[third % numbers.length];
          numbers.push(apply("where", "float32", [condition, ...(back < 3 ? [running, chosen] : [chosen, running])]));
        } else {
          const arity = operator === "negate" || operator === "sqrt" ? 1 : 2;
          numbers.push(apply(operator, "float32", arity === 1 ? [running] : operands));
        }
      }
      const stores = [body.length - 1, ...also.map((each) => numbers[each % numbers.length])].map((value) => ({
        value,
        dtype: "float32" as const,
      }));
      const nest: LoopNest = { shape: [rows, columns], inputs: loads.map(() => "float32"), body, epilogue: [], stores };
      const contents = loads.map((_, input) =>
        Float32Array.from({ length: rows * columns }, (_, i) =>
          (i + input) % 11 === 0 ? special[(i + input) % 5] : Math.sin(i * (input + 1)) * 3,
        ),
      );
      const inputs = contents.map((values) => {
        const buffer = native.allocate(values.byteLength);
        void native.write(buffer, values);
        return buffer;
      });
      const outputs = stores.map(() => native.allocate(rows * columns * 4));
      const kernel = native.compile(nest);
      if (kernel instanceof Promise) throw new Error("the native backend compiles at once");
      kernel.run(inputs, outputs);
      const got = outputs.map(
        (buffer) => new Float32Array(native.readSync?.(buffer, buffer.byteLength) as ArrayBuffer),
      );
      for (const buffer of [...inputs, ...outputs]) native.release(buffer);
      const values = new Array<number>(body.length);
      for (let i = 0; i < rows * columns; i++) {
        body.forEach((instruction, at) => {
          if (instruction.kind === "load" && instruction.access.kind === "affine") {
            const { strides } = instruction.access;
            values[at] = contents[instruction.input][Math.floor(i / columns) * strides[0] + (i % columns) * strides[1]];
          } else if (instruction.kind === "apply") {
            const operands = instruction.operands.map((operand) => values[operand]);
            values[at] = rounded(instruction, operands);
          }
        });
        stores.forEach(({ value }, output) => {
          if (!Object.is(got[output][i], values[value]))
            expect(got[output][i], `output ${output} at ${i}`).toBe(values[value]);
        });
      }
    },
  );
  fc.assert(property, { numRuns: 150 });
  await native.close?.();
});
