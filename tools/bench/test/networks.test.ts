import { describe, expect, it } from "vitest";
import { count, parameterShapes } from "../src/layers.ts";
import { layersOf, type NetworkName, parameterCount } from "../src/networks.ts";
import { networkOf } from "../src/peers/sconce-models.ts";

const small: readonly NetworkName[] = ["mlp", "lenet5", "lstm", "mobilenet-v2", "squeezenet1.1"];
const names: readonly NetworkName[] = [...small, "resnet18-cifar", "resnet18", "resnet50", "vgg16"];

describe("networks", () => {
  it.each(names)("%s has as many parameters as it says, each of a name of its own", (name) => {
    const parameters = parameterShapes(layersOf(name));
    expect(parameters.reduce((sum, { shape }) => sum + count(shape), 0)).toBe(parameterCount(name));
    expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length);
  });

  it.each(names)("%s takes results of earlier layers only, and uses each", (name) => {
    const layers = layersOf(name);
    const used = new Set(layers.flatMap(({ of }) => of));
    for (const [i, { of }] of layers.entries()) expect(Math.max(...of)).toBeLessThan(i);
    expect([...used].sort((a, b) => a - b)).toEqual(layers.map((_, i) => i - 1));
  });

  it.each(small)("Sconce's %s has parameters of the same names and shapes", (name) => {
    const own = [...networkOf(name).namedParameters()].map(([name, { shape }]) => `${name} ${shape}`);
    const described = parameterShapes(layersOf(name)).map(({ name, shape }) => `${name} ${shape}`);
    expect(own.sort()).toEqual(described.sort());
  });
});
