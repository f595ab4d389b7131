// Whether tests may use the native backend: its addon is built where a C++ compiler and oneDNN are installed (see
// packages/backend-native/build-addon.mjs). With SCONCE_NATIVE=required, as in .ci/run, its absence fails them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./workspaces.ts";

const built = existsSync(join(root, "packages/backend-native/build/release/sconce.node"));

/** False where tests of the native backend are to be skipped. */
export const testsNative: boolean = built || process.env.SCONCE_NATIVE === "required";
