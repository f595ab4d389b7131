/** The native backend passes the kit. */
import { openNative } from "@sconce/backend-native";
import { describeBackend } from "@sconce/conformance";

describeBackend(() => openNative(), { name: "native" });
