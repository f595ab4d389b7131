/** What Node imports as "sconce": the common path, and the native backend where it is installed. Pages get index.ts. */
import { registerNative } from "./register-native.ts";

export * from "./index.ts";

await registerNative();
