/** The wasm backend passes the kit: on one thread and on two, with relaxed SIMD and without, with claimed ops and as loop nests. */
import { describeBackend } from "@sconce/conformance";
import { openWasm } from "../src/index.ts";

describeBackend(() => openWasm({ threads: 1 }), { name: "wasm, one thread", runs: 40 });
describeBackend(() => openWasm({ threads: 2, relaxedSimd: false }), {
  name: "wasm, two threads, not relaxed",
  runs: 20,
});
describeBackend(() => openWasm({ threads: 2, claims: false }), { name: "wasm, loop nests alone", runs: 20 });
