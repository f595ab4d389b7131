/** The cpu backend passes the kit: with generated code and claimed ops, and without either. */
import { openCpu } from "@sconce/backend-cpu";
import { describeBackend } from "@sconce/conformance";

describeBackend(() => openCpu(), { name: "cpu" });
describeBackend(() => openCpu({ generateCode: false, claims: false }), { name: "cpu, interpreted", runs: 40 });
