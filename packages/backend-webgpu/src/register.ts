/** Importing this entry makes the backend known as "webgpu"; it opens where there is a graphics card. */
import { registerBackend } from "@sconce/core";
import { openWebGpu } from "./webgpu-backend.ts";

registerBackend("webgpu", () => openWebGpu({ software: false }));
