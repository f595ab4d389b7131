// The size budgets of what a page downloads, minified and compressed.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { root } from "../workspaces.ts";

const budgets = [
  {
    what: "tensors with all their methods, gradients, programs and the cpu backend",
    imports: { "@sconce/core": ["compile", "grad", "openBackend", "tensor"], "@sconce/backend-cpu": ["openCpu"] },
    kilobytes: 40,
  },
  {
    what: "every export of core and of the cpu backend",
    imports: { "@sconce/core": "*", "@sconce/backend-cpu": "*" },
    kilobytes: 54,
  },
  {
    what: "every export of core and of the wasm backend",
    imports: { "@sconce/core": "*", "@sconce/backend-wasm": "*" },
    kilobytes: 90,
  },
  {
    what: "every export of core and of the webgpu backend",
    imports: { "@sconce/core": "*", "@sconce/backend-webgpu": "*" },
    kilobytes: 70,
  },
  {
    what: "the script of a thread of the wasm backend",
    imports: { "@sconce/backend-wasm/worker": "*" },
    kilobytes: 1.5,
  },
];

test.each(budgets)("$what: at most $kilobytes kB", async ({ what, imports, kilobytes }) => {
  const lines = Object.entries(imports).map(([name, list]) =>
    list === "*" ? `export * from "${name}";` : `export { ${(list as string[]).join(", ")} } from "${name}";`,
  );
  const { outputFiles } = await build({
    stdin: { contents: lines.join("\n"), resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
  });
  const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1000;
  console.log(`${what}: ${size.toFixed(1)} of ${kilobytes} kB`);
  expect(size).toBeLessThanOrEqual(kilobytes);
});
