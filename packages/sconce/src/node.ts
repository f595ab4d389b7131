/**
 * What Node imports as "sconce": the common path, and the native backend where it is installed. Pages get index.ts, whose
 * list is repeated here: bundled, an `export *` of a file that exports all of another package would come out empty.
 */
import "@sconce/backend-cpu/register";
import "@sconce/backend-wasm/register";
import { registerNative } from "./register-native.ts";

export * from "@sconce/core";
export * from "@sconce/data";
export * from "@sconce/layers";
export * from "@sconce/losses";
export * from "@sconce/models";
export * from "@sconce/optimizers";

await registerNative();
