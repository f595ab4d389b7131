// The gates are tests of the packages as they are published: they need `npm run build` first.
import { defineConfig } from "vitest/config";
import { root } from "../workspaces.ts";

export default defineConfig({
  root,
  test: { include: ["tools/gates/*.test.ts"], testTimeout: 180_000, hookTimeout: 180_000 },
});
