/** How numbers meet tensors of integers: the tensor's dtype where it holds the number, a wider one or an error otherwise. */
import "@sconce/backend-cpu/register";
import { clamp, DTypeError, greater, less, tensor } from "@sconce/core";
import { describe, expect, it } from "vitest";

describe("a number beside a tensor of integers", () => {
  const bytes = tensor([0, 100, 255], { dtype: "uint8" });

  it("takes the tensor's dtype where it fits", () => {
    expect(bytes.add(255).dtype).toBe("uint8");
    expect(tensor([1], { dtype: "uint32" }).add(2 ** 32 - 1).dtype).toBe("uint32");
  });

  it("makes uint8 wider where it does not", async () => {
    expect(bytes.add(300).dtype).toBe("int32");
    expect(await less(bytes, 300).array()).toEqual([true, true, true]);
    expect(await greater(bytes, -1).array()).toEqual([true, true, true]);
    expect(await clamp(bytes, -5, 300).array()).toEqual([0, 100, 255]);
  });

  it("turns integers into floats where it has a fraction", async () => {
    expect(await clamp(tensor([0, 1, 3], { dtype: "int32" }), 0.5, 2.5).array()).toEqual([0.5, 1, 2.5]);
  });

  it("is refused where nothing holds both", () => {
    expect(() => greater(tensor([1], { dtype: "uint32" }), -1)).toThrow(DTypeError);
    expect(() => tensor([1], { dtype: "int32" }).add(2 ** 31)).toThrow(
      'add: 2147483648 does not fit a tensor of int32; cast the tensor first, for example x.cast("float32").',
    );
  });
});
