/** The example passes the kit, and is found by its name. */
import { describeBackend } from "@sconce/conformance";
import { openTiny } from "../src/index.ts";

describeBackend(openTiny, { name: "tiny" });
