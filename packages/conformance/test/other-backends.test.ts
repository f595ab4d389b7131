/** The kit on backends that work otherwise than the cpu's: core must keep them in order and stay within their limits. */
import { openCpu } from "@sconce/backend-cpu";
import { describeBackend } from "@sconce/conformance";
import { deferred } from "./deferred-backend.ts";
import { limited } from "./limited-backend.ts";

describeBackend(() => deferred(openCpu()), { name: "cpu, deferred", runs: 25 });
describeBackend(() => limited(openCpu()), { name: "cpu, limited", runs: 60 });
