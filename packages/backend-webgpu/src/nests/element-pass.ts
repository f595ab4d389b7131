/**
 * A pass in which every invocation computes whole output elements: one, or four neighbours where memory holds several to
 * a word, or where most of it can be read and written as vectors of four. A reduction is a loop in it.
 */
import { type LoopNest, neutralElement, sizeOf } from "@sconce/core";
import { type Pass, type PassBuffer, type Sharing, spread } from "../kernels/pass.ts";
import { declarations, type ShaderFunction } from "../shaders/library.ts";
import { type ArrayOptions, arrays, fourElements } from "./arrays.ts";
import { isOwnPosition, listCode, loopsUsed, unravel } from "./nest-code.ts";
import { combined } from "./operators.ts";
import { constant, elementsPerWord, packed, type Use, valueType } from "./values.ts";

/** Invocations of a workgroup. */
const workgroup = 64;
/** Fewer elements than this are spread over as many invocations as possible. */
const worthVectors = 16_384;

export function elementPass(
  nest: LoopNest,
  name: string,
  inputs: readonly PassBuffer[],
  outputs: readonly PassBuffer[],
): Pass {
  const count = sizeOf(nest.shape);
  const isPacked = nest.stores.some(({ dtype }) => elementsPerWord(dtype) > 1);
  const perInvocation = isPacked || prefersVectors(nest, count) ? 4 : 1;
  const invocations = Math.ceil(count / perInvocation);
  const groups = spread(Math.ceil(invocations / workgroup));
  return {
    name,
    inputs,
    outputs,
    groups,
    source: (sharing) => source(nest, name, sharing, { count, perInvocation, invocations, columns: groups[0] }),
  };
}

function prefersVectors(nest: LoopNest, count: number): boolean {
  if (nest.reduce || count % 4 !== 0 || count < worthVectors) return false;
  const loads = nest.body.filter((instruction) => instruction.kind === "load");
  return loads.every((load) => load.access.kind === "affine") && loads.some((load) => isOwnPosition(nest, load));
}

/** 4-byte inputs that are read nowhere but at the output's position. */
function vectorInputsOf(nest: LoopNest): ReadonlySet<number> {
  const loads = [...nest.body, ...nest.epilogue].filter((instruction) => instruction.kind === "load");
  const fits = (_: unknown, input: number): boolean => {
    const own = loads.filter((load) => load.input === input);
    return own.length > 0 && own.every((load) => isOwnPosition(nest, load) && load.guard === undefined);
  };
  return new Set(
    nest.inputs.flatMap((dtype, input) => (elementsPerWord(dtype) === 1 && fits(dtype, input) ? [input] : [])),
  );
}

interface Layout {
  readonly count: number;
  readonly perInvocation: number;
  readonly invocations: number;
  readonly columns: number;
}

function source(nest: LoopNest, name: string, sharing: Sharing, layout: Layout): string {
  const { count, perInvocation, invocations, columns } = layout;
  const used = new Set<ShaderFunction>();
  const use: Use = (needed) => {
    used.add(needed);
    return needed.name;
  };
  const vectors = perInvocation === 4 && count % 4 === 0;
  const vectorInputs = vectors && !nest.reduce ? vectorInputsOf(nest) : new Set<number>();
  const options: ArrayOptions = {
    inputs: nest.inputs,
    outputs: nest.stores.map(({ dtype }) => dtype),
    sharing,
    vectorInputs,
    vectorOutputs: vectors,
    use,
  };
  const here = [...vectorInputs];
  const parameters = ["at: u32", ...here.map((input) => `x${input}_here: ${valueType(nest.inputs[input])}`)];
  const results = nest.stores.map(({ dtype }, j) => `y${j}: ${valueType(dtype)}`);
  const statements = elementStatements(nest, use, vectorInputs);
  const element = `
struct Results { ${results.join(", ")} }

fn element(${parameters.join(", ")}) -> Results {
  ${statements.join("\n  ")}
}`;
  const main = `
@compute @workgroup_size(${workgroup})
fn ${name}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let ${perInvocation === 4 ? "quad" : "at"} = (group.y * ${columns}u + group.x) * ${workgroup}u + local;
  if (${perInvocation === 4 ? "quad" : "at"} >= ${invocations}u) { return; }
  ${(perInvocation === 4 ? fourStores(nest, options, layout, here) : oneStore(nest)).join("\n  ")}
}`;
  const declared = arrays(options);
  return [declarations(used), declared, element.trim(), main.trim()].filter((part) => part !== "").join("\n\n");
}

/** The statements that compute one element: the body, or loops around it and the epilogue. */
function elementStatements(nest: LoopNest, use: Use, vectorInputs: ReadonlySet<number>): string[] {
  const { shape, reduce, body, epilogue, stores } = nest;
  const ownValue = (input: number): string | undefined => (vectorInputs.has(input) ? `x${input}_here` : undefined);
  const results = stores.map(({ value }) => value);
  const list = reduce ? epilogue : body;
  const last = listCode(nest, list, { use, prefix: reduce ? "e" : "v", roots: results, ownValue });
  const loops = new Set(loopsUsed(nest, list, results));
  const inner: string[] = [];
  if (reduce) {
    const roots = reduce.accumulators.map(({ value }) => value);
    for (const loop of loopsUsed(nest, body, roots)) loops.add(loop);
    inner.push(...accumulation(nest, use));
  }
  const end = `return Results(${results.map((result) => last.value(result)).join(", ")});`;
  return [...unravel("at", shape, 0, loops), ...inner, ...last.statements, end];
}

/** Nested loops that leave the accumulators in total0, total1, .. */
function accumulation(nest: LoopNest, use: Use): string[] {
  const { shape, reduce, body } = nest;
  if (!reduce) return [];
  const code = listCode(nest, body, { use, prefix: "v", roots: reduce.accumulators.map(({ value }) => value) });
  const start = reduce.accumulators.map(
    ({ combine, dtype }, i) => `var total${i} = ${constant(neutralElement(combine, dtype), dtype, use)};`,
  );
  const update = reduce.accumulators.map(
    ({ value, combine, dtype }, i) => `total${i} = ${combined(combine, dtype, `total${i}`, code.value(value), use)};`,
  );
  const loops = reduce.extent.map((extent, axis) => {
    const i = `i${shape.length + axis}`;
    return `for (var ${i} = 0i; ${i} < ${extent}i; ${i}++) {`;
  });
  return [...start, ...loops, ...code.statements, ...update, ...loops.map(() => "}")];
}

function oneStore(nest: LoopNest): string[] {
  return ["let result = element(at);", ...nest.stores.map((_, j) => `y${j}[at] = result.y${j};`)];
}

function fourStores(nest: LoopNest, options: ArrayOptions, { count }: Layout, here: readonly number[]): string[] {
  const { use, vectorOutputs } = options;
  const lines = ["let first = quad * 4u;"];
  for (const input of here) lines.push(`let four${input} = ${fourElements(input, options)};`);
  for (let k = 0; k < 4; k++) {
    const values = here.map((input) => `, four${input}[${k}]`).join("");
    lines.push(`let result${k} = element(first${k > 0 ? ` + ${k}u` : ""}${values});`);
  }
  nest.stores.forEach(({ dtype }, j) => {
    const all = [0, 1, 2, 3].map((k) => `result${k}.y${j}`);
    const perWord = elementsPerWord(dtype);
    if (perWord === 1 && vectorOutputs) lines.push(`y${j}[quad] = vec4<${valueType(dtype)}>(${all.join(", ")});`);
    else if (perWord === 1) {
      lines.push(...all.map((value, k) => `if (first + ${k}u < ${count}u) { y${j}[first + ${k}u] = ${value}; }`));
    } else {
      for (let word = 0; word < 4 / perWord; word++) {
        const at = perWord === 4 ? "quad" : `quad * 2u + ${word}u`;
        const bits = packed(all.slice(word * perWord, (word + 1) * perWord), dtype, use);
        lines.push(...wordStore(`y${j}[${at}]`, bits, `first + ${word * perWord}u`, count, perWord));
      }
    }
  });
  return lines;
}

/** Stores a word of several elements; of the last word, only those that exist. */
function wordStore(place: string, bits: string, first: string, count: number, perWord: number): string[] {
  const left = count % perWord;
  if (left === 0)
    return perWord === 4 || count % 4 === 0
      ? [`${place} = ${bits};`]
      : [`if (${first} < ${count}u) { ${place} = ${bits}; }`];
  const kept = `0x${((2 ** 32 - 2 ** ((32 / perWord) * left)) >>> 0).toString(16)}u`;
  return [
    `if (${first} + ${perWord}u <= ${count}u) { ${place} = ${bits}; }`,
    `else if (${first} < ${count}u) { ${place} = (${place} & ${kept}) | ((${bits}) & ~${kept}); }`,
  ];
}
