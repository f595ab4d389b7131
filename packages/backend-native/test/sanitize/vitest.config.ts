// The package's tests with the addon that has the sanitizers; main.mjs runs them.
import { defineConfig } from "vitest/config";
import { root } from "../../../../tools/workspaces.ts";
import { alias } from "../../../../vitest.config.ts";

export default defineConfig({
  root,
  resolve: { alias },
  plugins: [
    {
      name: "sanitized-addon",
      enforce: "pre",
      transform: (code, id) =>
        id.includes("/backend-native/") ? code.replaceAll("../build/release/", "../build/sanitize/") : undefined,
    },
  ],
  test: {
    include: ["packages/backend-native/test/**/*.test.ts"],
    // It would run the tests again, with the addon that has no sanitizers.
    exclude: ["packages/backend-native/test/instruction-sets/instruction-sets.test.ts"],
    setupFiles: ["tools/vitest.setup.ts"],
    pool: "forks",
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
