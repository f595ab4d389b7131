// The common path as pages and Node get it: everything is exported, and webgpu's code comes only when it is asked for.
import { build, type Metafile } from "esbuild";
import { expect, test } from "vitest";
import { root } from "../workspaces.ts";

async function bundle(platform: "browser" | "node"): Promise<Metafile["outputs"]> {
  const { metafile } = await build({
    stdin: { contents: 'export * from "sconce";', resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    splitting: true,
    outdir: "bundle",
    format: "esm",
    platform,
    logLevel: "silent",
    external: ["@sconce/backend-native"],
  });
  return metafile.outputs;
}

test.each(["browser", "node"] as const)("for %s, it exports every package", async (platform) => {
  const outputs = await bundle(platform);
  const { exports } = outputs["bundle/stdin.js"]!;
  expect(exports).toEqual(
    expect.arrayContaining(["adam", "compile", "crossEntropy", "DataLoader", "Linear", "resnet18"]),
  );
});

test("a page fetches the webgpu backend only when it opens it", async () => {
  const outputs = await bundle("browser");
  const first = new Set(["bundle/stdin.js"]);
  for (const path of first) {
    for (const { path: imported, kind } of outputs[path]!.imports) if (kind !== "dynamic-import") first.add(imported);
  }
  const holds = (path: string): boolean =>
    Object.keys(outputs[path]!.inputs).some((input) => input.includes("backend-webgpu/"));
  expect([...first].filter(holds)).toEqual([]);
  expect(Object.keys(outputs).some(holds)).toBe(true);
});
