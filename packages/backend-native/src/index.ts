/** The native backend of Sconce for Node. Importing this registers nothing; "@sconce/backend-native/register" does. */
export { type NativeOptions, openNative } from "./native-backend.ts";
export type { NativeBuffer } from "./native-kernel.ts";
