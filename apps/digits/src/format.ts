/** Numbers as the terminal and the report show them. */

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 1437 as "1,437". */
export function count(value: number): string {
  return grouped.format(value);
}

/** 0.9861 as "98.6 %". */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** 83 as "1 min 23 s". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
