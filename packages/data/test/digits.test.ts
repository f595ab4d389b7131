import { digits } from "@sconce/data/digits";
import { expect, test } from "vitest";

const { images, labels } = digits().fields;

test("has 1,797 images of 8x8 and their labels", () => {
  expect([images.shape, images.dtype]).toEqual([[1797, 1, 8, 8], "float32"]);
  expect([labels.shape, labels.dtype]).toEqual([[1797], "int32"]);
  const counts = new Array<number>(10).fill(0);
  for (const label of labels.data) counts[label]++;
  expect(counts).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
});

test("ink is a multiple of 1/16 from 0 to 1", () => {
  const sixteenths = Array.from(images.data, (ink) => ink * 16);
  expect(sixteenths.every((value) => Number.isInteger(value) && value >= 0 && value <= 16)).toBe(true);
  expect(sixteenths.reduce((sum, value) => sum + value)).toBe(561718);
});

test("the first image is a zero", () => {
  const { images: image, labels: label } = digits().get(0);
  expect(label.data[0]).toBe(0);
  const shades = " .:-=+*#%";
  const rows = Array.from({ length: 8 }, (_, y) =>
    [...image.data.subarray(y * 8, y * 8 + 8)].map((ink) => shades[Math.round(ink * 8)]).join(""),
  );
  expect(rows.join("\n")).toMatchInlineSnapshot(`
    "  -#+.  
      #%+%- 
     :%. *= 
     :*  == 
     -=  += 
     :* .*= 
     .#-+*  
      -#+   "
  `);
});
