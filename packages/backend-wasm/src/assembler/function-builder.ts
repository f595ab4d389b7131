/** One function under construction: locals, assignments and structured control flow. */
import { type Code, flatten, typeCodes, unsigned, type ValueType, vector } from "./encoding.ts";
import { asI32, type I32, type Index, i32, type Value } from "./values.ts";

/** A variable of the function; as a Value it is its present contents. */
export interface Local<T extends ValueType = ValueType> extends Value<T> {
  readonly local: number;
}

/** A function that can be called. */
export interface FunctionReference<R extends ValueType | undefined = ValueType | undefined> {
  /** Its place in the module's index space, settled once the module is complete. */
  readonly index: () => number;
  readonly parameters: readonly ValueType[];
  readonly result: R;
}

export class FunctionBuilder {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
  readonly #locals: ValueType[] = [];
  readonly #free = new Map<ValueType, Local[]>();
  readonly #constants = new Map<string, Local<"v128">>();
  readonly #constantLocals = new Set<Local>();
  /** What gives the constants their values. */
  readonly #prologue: Code[] = [];
  #body: Code[] = [];
  /** Open blocks, loops and ifs. */
  #depth = 0;

  constructor(parameters: readonly ValueType[], result?: ValueType) {
    this.parameters = parameters;
    this.result = result;
  }

  /** Parameter `index` as a variable. */
  parameter<T extends ValueType>(index: number, type: T): Local<T> {
    return { type, local: index, code: [0x20, unsigned(index)] };
  }

  /** A new variable, set to `initial` or with arbitrary contents. */
  local<T extends ValueType>(type: T, initial?: Value<T>): Local<T> {
    const local = (this.#free.get(type)?.pop() as Local<T> | undefined) ?? this.#newLocal(type);
    if (initial) this.set(local, initial);
    return local;
  }

  #newLocal<T extends ValueType>(type: T): Local<T> {
    return this.parameter(this.parameters.length + this.#locals.push(type) - 1, type);
  }

  /** Gives variables back, so that later ones of their type may take their place; constants stay. */
  release(...locals: readonly Local[]): void {
    for (const local of locals) {
      if (this.#constantLocals.has(local)) continue;
      const list = this.#free.get(local.type);
      if (list) list.push(local);
      else this.#free.set(local.type, [local]);
    }
  }

  /** A new i32 variable with a starting value. */
  index(initial: Index): Local<"i32"> {
    return this.local("i32", asI32(initial));
  }

  /** Computes `value` once: a variable that holds it. A constant stays as it is. */
  bind<T extends ValueType>(value: Value<T>): Value<T> {
    return value.constant !== undefined || "local" in value ? value : this.local(value.type, value);
  }

  /** Computes each of `values` once for what `use` emits, in variables that are given back behind it. */
  once<T extends ValueType, Result>(values: readonly Value<T>[], use: (known: readonly Value<T>[]) => Result): Result {
    const known = values.map((value) => this.bind(value));
    const result = use(known);
    this.release(...known.filter((value, i): value is Local<T> => value !== values[i]));
    return result;
  }

  /** The lesser of two signed numbers, each computed once. */
  least(a: Index, b: Index): Value<"i32"> {
    return this.once([asI32(a), asI32(b)], ([x, y]) => this.bind(i32.min(x, y)));
  }

  /**
   * A variable that holds a constant vector from the function's start on, the same one whenever the same is asked for:
   * the compiler makes such constants from two scalar ones each time they are used, which costs more than reading them.
   */
  constant(value: Value<"v128">): Local<"v128"> {
    const key = flatten(value.code).join();
    const known = this.#constants.get(key);
    if (known) return known;
    const local = this.#newLocal("v128");
    this.#constants.set(key, local);
    this.#constantLocals.add(local);
    this.#prologue.push([value.code, 0x21, unsigned(local.local)]);
    return local;
  }

  set<T extends ValueType>(target: Local<T>, value: Value<T>): void {
    this.emit([value.code, 0x21, unsigned(target.local)]);
  }

  /** Assigns, and is the value assigned. */
  tee<T extends ValueType>(target: Local<T>, value: Value<T>): Value<T> {
    return { type: value.type, code: [value.code, 0x22, unsigned(target.local)] };
  }

  /** target += amount */
  increase(target: Local<"i32">, amount: Index): void {
    if (asI32(amount).constant !== 0) this.set(target, i32.add(target, amount));
  }

  /** Appends statements. */
  emit(...statements: readonly Code[]): void {
    this.#body.push(...statements);
  }

  /** Computes a value and forgets it. */
  drop(value: Value): void {
    this.emit([value.code, 0x1a]);
  }

  call<R extends ValueType>(target: FunctionReference<R>, ...values: readonly (Value | number)[]): Value<R> {
    return { type: target.result, code: [this.#arguments(values), 0x10, () => unsigned(target.index())] };
  }

  callVoid(target: FunctionReference<undefined>, ...values: readonly (Value | number)[]): void {
    this.emit([this.#arguments(values), 0x10, () => unsigned(target.index())]);
  }

  #arguments(values: readonly (Value | number)[]): Code {
    return values.map((value) => (typeof value === "number" ? asI32(value) : value).code);
  }

  if(condition: I32, whenTrue: () => void, whenFalse?: () => void): void {
    if (condition.constant !== undefined) {
      if (condition.constant !== 0) whenTrue();
      else whenFalse?.();
      return;
    }
    const then = this.#nested(whenTrue);
    const otherwise = whenFalse && this.#nested(whenFalse);
    this.emit([condition.code, 0x04, 0x40, then, otherwise ? [0x05, otherwise] : [], 0x0b]);
  }

  /** Runs `body`; `leave()` inside it jumps behind it. */
  block(body: (leave: (condition?: I32) => void) => void): void {
    const level = this.#depth + 1;
    const code = this.#nested(() => body((condition) => this.#branch(level, condition)));
    this.emit([0x02, 0x40, code, 0x0b]);
  }

  /** Runs `body` again whenever it calls `again()`, else falls through. */
  loop(body: (again: (condition?: I32) => void) => void): void {
    const level = this.#depth + 1;
    const code = this.#nested(() => body((condition) => this.#branch(level, condition)));
    this.emit([0x03, 0x40, code, 0x0b]);
  }

  #branch(level: number, condition?: I32): void {
    const depth = unsigned(this.#depth - level);
    this.emit(condition ? [condition.code, 0x0d, depth] : [0x0c, depth]);
  }

  while(condition: () => I32, body: () => void): void {
    this.loop((again) => {
      this.if(condition(), () => {
        body();
        again();
      });
    });
  }

  /**
   * for (i = from; i < to; i += step) body(i). `to` is read again in each turn, so pass a constant or a variable that
   * stays. With constant bounds, a single turn is unrolled and none emits nothing.
   */
  range(from: Index, to: Index, step: number, body: (i: I32) => void): void {
    const [first, last] = [asI32(from).constant, asI32(to).constant];
    if (first !== undefined && last !== undefined) {
      if (first >= last) return;
      if (first + step >= last) {
        body(asI32(first));
        return;
      }
      this.#turns(this.index(from), to, step, body);
      return;
    }
    const i = this.index(from);
    this.if(i32.lt_s(i, to), () => this.#turns(i, to, step, body));
  }

  #turns(i: Local<"i32">, to: Index, step: number, body: (i: I32) => void): void {
    this.loop((again) => {
      body(i);
      this.increase(i, step);
      again(i32.lt_s(i, to));
    });
    this.release(i);
  }

  /** Traps. */
  unreachable(): void {
    this.emit([0x00]);
  }

  return(value?: Value): void {
    this.emit([value?.code ?? [], 0x0f]);
  }

  #nested(body: () => void): Code {
    const outer = this.#body;
    this.#body = [];
    this.#depth++;
    body();
    this.#depth--;
    const code = this.#body;
    this.#body = outer;
    return code;
  }

  /** The function as the code section has it, but for its length. */
  get code(): Code {
    return [vector(this.#locals.map((type) => [1, typeCodes[type]])), this.#prologue, this.#body, 0x0b];
  }
}
