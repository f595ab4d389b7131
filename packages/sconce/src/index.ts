/** The common path of Sconce in one import; importing it makes the wasm and cpu backends known, and webgpu to pages that have it. */
import "@sconce/backend-cpu/register";
import "@sconce/backend-wasm/register";
import { registerWebGpu } from "./register-webgpu.ts";

export * from "@sconce/core";
export * from "@sconce/data";
export * from "@sconce/layers";
export * from "@sconce/losses";
export * from "@sconce/models";
export * from "@sconce/optimizers";

registerWebGpu();
