/** The kit on a backend that compiles, runs and reads asynchronously; core must keep everything in order. */
import { openCpu } from "@sconce/backend-cpu";
import { describeBackend } from "@sconce/conformance";
import { deferred } from "./deferred-backend.ts";

describeBackend(() => deferred(openCpu()), { name: "cpu, deferred", runs: 25 });
