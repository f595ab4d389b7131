/** The webgpu backend passes the kit with loop nests alone, on a device with no more than the limits that all devices have. */
import { describeBackend } from "@sconce/conformance";
import { describe } from "vitest";
import { knownLosses, openForTests } from "./device.ts";

const backend = await openForTests({ claims: false, limits: "default" });
if (backend) describeBackend(() => backend, { name: "webgpu, loop nests", skip: await knownLosses(backend), runs: 6 });
else describe.skip("webgpu, loop nests");
