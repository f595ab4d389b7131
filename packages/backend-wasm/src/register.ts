/** Importing this entry makes the backend known as "wasm". */
import { registerBackend } from "@sconce/core";
import { openWasm } from "./wasm-backend.ts";

registerBackend("wasm", () => openWasm());
