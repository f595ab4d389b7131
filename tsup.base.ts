// How every package becomes JavaScript: one ES module per entry, dependencies left as imports.
// Declarations come from `tsc -b`, which writes next to these files; so those are not cleaned away.
import { defineConfig } from "tsup";

type Config = ReturnType<typeof defineConfig>;

/** The tsup configuration of a package with these entries, such as `library("src/index.ts", "src/register.ts")`. */
export function library(...entries: string[]): Config {
  return defineConfig({
    entry: entries,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    splitting: true,
    sourcemap: true,
    dts: false,
    skipNodeModulesBundle: true,
    clean: ["!**/*.{d.ts,tsbuildinfo}"],
    silent: true,
  });
}
