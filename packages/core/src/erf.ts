/**
 * The error function in double precision.
 *
 * |x| < 3: the series erf(x) = 2/sqrt(pi) e^(-x^2) sum 2^n x^(2n+1) / (1 3 5 ... (2n+1)), whose terms are all of one
 * sign (Abramowitz and Stegun 7.1.6). Beyond: 1 - erfc(x) by the continued fraction 7.1.14, evaluated backwards.
 */
const twoOverRootPi = 2 / Math.sqrt(Math.PI);
const oneOverRootPi = 1 / Math.sqrt(Math.PI);

export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  const square = x * x;
  if (magnitude < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * square) / (2 * n + 1);
      sum += term;
    }
    return twoOverRootPi * Math.exp(-square) * sum;
  }
  let fraction = 0;
  for (let n = 40; n >= 1; n--) fraction = n / 2 / (magnitude + fraction);
  const complement = (Math.exp(-square) * oneOverRootPi) / (magnitude + fraction);
  return Math.sign(x) * (1 - complement);
}
