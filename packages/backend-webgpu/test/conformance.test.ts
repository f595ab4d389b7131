/** The webgpu backend passes the kit, claimed ops included. */
import { describeBackend } from "@sconce/conformance";
import { describe } from "vitest";
import { knownLosses, openForTests } from "./device.ts";

const backend = await openForTests();
if (backend) describeBackend(() => backend, { name: "webgpu", skip: await knownLosses(backend), runs: 3 });
else describe.skip("webgpu");
