/**
 * The WGSL functions that shaders share. A shader names the ones it calls, and gets them with all that they call, so that
 * what it does can be read in one piece.
 */

/** One WGSL declaration, and the names of those that it needs before it. */
export interface ShaderFunction {
  readonly name: string;
  readonly needs?: readonly ShaderFunction[];
  readonly source: string;
}

/** The sources of `functions` and of all that they need, each once, in an order that reads from the bottom up. */
export function declarations(functions: Iterable<ShaderFunction>): string {
  const found = new Map<string, string>();
  const visit = ({ name, needs = [], source }: ShaderFunction): void => {
    if (found.has(name)) return;
    for (const needed of needs) visit(needed);
    found.set(name, source.trim());
  };
  for (const item of functions) visit(item);
  return [...found.values()].join("\n\n");
}

/** A finite number as a WGSL literal of type f32. */
export function floatLiteral(value: number): string {
  const bits = new Uint32Array(new Float32Array([value]).buffer)[0];
  // Literals of zero and of subnormal numbers may lose their sign or value.
  if (Math.abs(value) < 2 ** -126) return value === 0 && bits === 0 ? "0.0f" : `bitcast<f32>(0x${bits.toString(16)}u)`;
  const text = String(Math.fround(value));
  const short = String(Number(Math.fround(value).toPrecision(9)));
  const digits = short.length < text.length ? short : text;
  return /[.e]/.test(digits) ? `${digits}f` : `${digits}.0f`;
}

/** The sum of coefficients[k] x^k, by Horner's rule. */
export function polynomial(x: string, coefficients: readonly number[]): string {
  return coefficients
    .slice(0, -1)
    .reduceRight(
      (sum, coefficient) => `(${sum} * ${x} + ${floatLiteral(coefficient)})`,
      floatLiteral(coefficients[coefficients.length - 1]),
    );
}
