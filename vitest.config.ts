import { configDefaults, defineConfig } from "vitest/config";
import { testsNative } from "./tools/native-addon.ts";
import { sourceEntries, workspaces } from "./tools/workspaces.ts";

/** `@sconce/x` means the package's source, so that tests need no build. */
export const alias = workspaces.flatMap(sourceEntries).map(([specifier, replacement]) => ({
  find: new RegExp(`^${specifier}$`),
  replacement,
}));

if (!testsNative) {
  console.warn(
    "Skipping the tests of packages/backend-native: its addon is not built. `npm test` says what is missing.",
  );
}

export default defineConfig({
  resolve: { alias },
  test: {
    include: ["{packages,apps,examples,tools}/*/test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...(testsNative ? [] : ["packages/backend-native/test/**"])],
    setupFiles: ["tools/vitest.setup.ts"],
    globalSetup: ["packages/backend-webgpu/test/software-device.ts"],
    pool: "threads",
    maxWorkers: "100%",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: true,
  },
});
