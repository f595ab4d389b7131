// The size budget of what a page downloads, minified and compressed.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { root } from "../workspaces.ts";

const budgets = [{ packages: ["@sconce/core", "@sconce/backend-cpu"], kilobytes: 40 }];

test.each(budgets)("$packages take at most $kilobytes kB", async ({ packages, kilobytes }) => {
  const all = packages.map((name, index) => `import * as p${index} from "${name}"; globalThis.p${index} = p${index};`);
  const { outputFiles } = await build({
    stdin: { contents: all.join("\n"), resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
  });
  const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1000;
  console.log(`${packages.join(" + ")}: ${size.toFixed(1)} of ${kilobytes} kB`);
  expect(size).toBeLessThanOrEqual(kilobytes);
});
