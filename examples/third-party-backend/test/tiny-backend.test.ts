/** The example passes the kit, which includes training a small network to the recorded losses. */
import { describeBackend } from "@sconce/conformance";
import { openTiny } from "../src/index.ts";

describeBackend(openTiny, { name: "tiny" });
