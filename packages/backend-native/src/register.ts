/** Importing this entry makes the backend known as "native". */
import { registerBackend } from "@sconce/core";
import { openNative } from "./native-backend.ts";

registerBackend("native", () => openNative());
