/** Records where user code creates tensors, but only when asked: capturing a stack costs more than making a node. */
let recording = false;

/** Switches recording on or off; returns what it was. */
export function recordCallSites(on: boolean): boolean {
  const before = recording;
  recording = on;
  return before;
}

/** The first stack frame outside Sconce, for example `train.ts:12:20`; undefined unless recording. */
export function callSite(): string | undefined {
  if (!recording) return undefined;
  const frames = (new Error().stack ?? "").split("\n").slice(2);
  const own = frames[0]?.match(/(?:file:\/\/)?(\/[^():]*\/)(?:src|dist)\//)?.[1];
  const outside = frames.find(
    (frame) => !(own && frame.includes(`${own}src/`)) && !(own && frame.includes(`${own}dist/`)),
  );
  return (outside ?? frames[0])?.trim().replace(/^at /, "");
}
