/** Digits drawn as SVG, with what the model took them for. */

import type { Prediction } from "../evaluate.ts";
import { percent } from "../format.ts";

/** An image's ink, 64 numbers from 0 to 1, as a square of 8x8 pixels. */
export function drawDigit(ink: ArrayLike<number>): string {
  const pixels = Array.from(ink, (shade, i) =>
    shade > 0 ? `<rect x="${i % 8}" y="${Math.floor(i / 8)}" width="1" height="1" opacity="${shade}"/>` : "",
  );
  return `<svg viewBox="0 0 8 8" shape-rendering="crispEdges" fill="currentColor" role="img" aria-hidden="true">${pixels.join("")}</svg>`;
}

/** A figure of a test image, its label, and the prediction with its probability. */
export function predictionFigure({ label, predicted, probability, ink }: Prediction): string {
  const verdict = label === predicted ? "right" : "wrong";
  return (
    `<figure class="digit">${drawDigit(ink)}<figcaption>` +
    `<span>true ${label}</span> <span class="${verdict}">read as ${predicted}</span> <span class="quiet">${percent(probability)} sure</span>` +
    "</figcaption></figure>"
  );
}
