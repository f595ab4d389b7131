// The tests that kernels of lesser instruction sets must pass, too; instruction-sets.test.ts runs them.
import { defineConfig } from "vitest/config";
import { root } from "../../../../tools/workspaces.ts";
import { alias } from "../../../../vitest.config.ts";

/** All that is about results, but for the longest. */
const about = ["claims", "depthwise", "images", "movement", "optimize", "product", "winograd"];
const files = [
  "conformance",
  "golden",
  "instruction-sets/in-use",
  "nest/fusion",
  "nest/guarded-loads",
  "nest/streamed",
];

export default defineConfig({
  root,
  resolve: { alias },
  test: {
    include: [...about.map((folder) => `${folder}/*`), ...files].map(
      (name) => `packages/backend-native/test/${name}.test.ts`,
    ),
    setupFiles: ["tools/vitest.setup.ts"],
    pool: "threads",
    maxWorkers: "100%",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
