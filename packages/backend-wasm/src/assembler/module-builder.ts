/** A module under construction: imported functions, one imported memory, functions and exports. */
import { type Code, flatten, name, settled, sized, typeCodes, unsigned, type ValueType, vector } from "./encoding.ts";
import { FunctionBuilder, type FunctionReference } from "./function-builder.ts";

interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
}

export interface MemoryImport {
  readonly shared: boolean;
  /** Pages of 64 KiB. */
  readonly maximum: number;
}

export class ModuleBuilder {
  /** Whether relaxed SIMD instructions may be used. */
  readonly relaxed: boolean;
  readonly #memory: MemoryImport;
  readonly #types: string[] = [];
  readonly #typeCodes: Code[] = [];
  readonly #imports: Code[] = [];
  readonly #imported = new Map<string, FunctionReference>();
  readonly #functions: { readonly type: number; readonly label: string; code: Code }[] = [];
  readonly #shared = new Map<string, FunctionReference>();
  readonly #exports: Code[] = [];

  constructor(memory: MemoryImport, relaxed: boolean) {
    this.#memory = memory;
    this.relaxed = relaxed;
  }

  /** The host's function `host.<field>`. */
  import<R extends ValueType | undefined>(
    field: string,
    parameters: readonly ValueType[],
    result: R,
  ): FunctionReference<R> {
    const known = this.#imported.get(field);
    if (known) return known as FunctionReference<R>;
    const place = this.#imported.size;
    const reference = { index: () => place, parameters, result };
    this.#imports.push([name("host"), name(field), 0x00, unsigned(this.#type({ parameters, result }))]);
    this.#imported.set(field, reference);
    return reference;
  }

  /** Adds a function; `build` writes its body, and may add further functions. Stacks and profilers show `label`. */
  function<R extends ValueType | undefined>(
    parameters: readonly ValueType[],
    result: R,
    build: (f: FunctionBuilder) => void,
    label = "",
  ): FunctionReference<R> {
    const builder = new FunctionBuilder(parameters, result);
    const added = { type: this.#type({ parameters, result }), label, code: [] as Code };
    const place = this.#functions.push(added) - 1;
    build(builder);
    added.code = settled(builder.code);
    return { index: () => this.#imported.size + place, parameters, result };
  }

  /** The function known as `key`, added by `build` on first use: helpers that several functions call. */
  once<R extends ValueType | undefined>(key: string, build: () => FunctionReference<R>): FunctionReference<R> {
    const known = this.#shared.get(key);
    if (known) return known as FunctionReference<R>;
    const made = build();
    this.#shared.set(key, made);
    return made;
  }

  export(field: string, { index }: FunctionReference): void {
    this.#exports.push([name(field), 0x00, () => unsigned(index())]);
  }

  #type({ parameters, result }: FunctionType): number {
    const key = `${parameters.join()}:${result}`;
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    this.#typeCodes.push([
      0x60,
      vector(parameters.map((type) => [typeCodes[type]])),
      vector(result ? [[typeCodes[result]]] : []),
    ]);
    return this.#types.push(key) - 1;
  }

  /** The module's bytes. */
  encode(): Uint8Array<ArrayBuffer> {
    const { shared, maximum } = this.#memory;
    const memory: Code = [name("host"), name("memory"), 0x02, shared ? 0x03 : 0x01, unsigned(0), unsigned(maximum)];
    const section = (id: number, items: readonly Code[]): Code => (items.length > 0 ? [id, sized(vector(items))] : []);
    const labels = this.#functions.flatMap(({ label }, i): Code[] =>
      label ? [[unsigned(this.#imported.size + i), name(label)]] : [],
    );
    const code: Code = [
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, this.#typeCodes),
      section(2, [...this.#imports, memory]),
      section(
        3,
        this.#functions.map(({ type }) => unsigned(type)),
      ),
      section(7, this.#exports),
      section(
        10,
        this.#functions.map(({ code }) => sized(code)),
      ),
      // The custom section "name", of which the first part names functions.
      [0, sized([name("name"), 1, sized(vector(labels))])],
    ];
    return flatten(code);
  }
}
