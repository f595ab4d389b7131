/** Importing this entry makes the backend known as "cpu". */
import { registerBackend } from "@sconce/core";
import { openCpu } from "./cpu-backend.ts";

registerBackend("cpu", async () => openCpu());
