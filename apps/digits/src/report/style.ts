/** The report's style sheet: one column of cards, light or dark as the reader's system is. */
export const style = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f5f3, #161514);
  --card: light-dark(#ffffff, #201f1d);
  --line: light-dark(#e4e2de, #34322f);
  --ink: light-dark(#1f1d1a, #ece9e4);
  --faint: light-dark(#6d6963, #a09a91);
  --training: light-dark(#2f6fde, #6aa5ff);
  --test: light-dark(#d9730d, #ffab4a);
  --right: light-dark(#2f6fde, #3f7ae0);
  --wrong: light-dark(#d0342c, #e5534b);
  --cell: light-dark(#f3f2ef, #292725);
  --on-color: #ffffff;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 3rem 1.5rem; display: grid; gap: 1.25rem; grid-template-columns: repeat(2, minmax(0, 1fr)); }
header, section.wide, footer { grid-column: 1 / -1; }
h1 { margin: 0; font-size: 1.15rem; font-weight: 600; color: var(--faint); }
.score { margin: 0.25rem 0 0; font-size: 4rem; line-height: 1.1; font-weight: 700; letter-spacing: -0.03em; font-variant-numeric: tabular-nums; }
.score + p { margin: 0.5rem 0 0; color: var(--faint); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem 1.5rem; }
h2 { margin: 0 0 0.75rem; font-size: 1rem; font-weight: 600; display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; }
.key { font-size: 0.85rem; font-weight: 400; color: var(--faint); display: flex; gap: 1rem; }
.key span::before { content: ""; display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; margin-right: 0.4em; background: var(--color); }
svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 0.4rem 1.5rem; font-variant-numeric: tabular-nums; }
dt { color: var(--faint); }
dd { margin: 0; text-align: right; }
.digits { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); gap: 1.25rem; }
.digit { margin: 0; }
.digit svg { width: 100%; border: 1px solid var(--line); border-radius: 8px; padding: 0.4rem; background: var(--page); }
.digit figcaption { margin-top: 0.4rem; font-size: 0.85rem; line-height: 1.35; display: grid; }
.digit .wrong { color: var(--wrong); font-weight: 600; }
.quiet, footer { color: var(--faint); font-size: 0.85rem; font-weight: 400; }
footer a { color: inherit; }
p { margin: 0; }
section > p + .digits, .digits + h2 { margin-top: 1.25rem; }
@media (max-width: 44rem) { main { grid-template-columns: minmax(0, 1fr); padding: 1.5rem 1rem; } }
@media print { body { background: none; } section { break-inside: avoid; } }
`;
