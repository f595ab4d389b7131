/** The native backend of Sconce for Node. Importing this registers nothing; "@sconce/backend-native/register" does. */
export type { NativeBuffer, NativeOptions } from "./native-backend.ts";
export { openNative } from "./native-backend.ts";
