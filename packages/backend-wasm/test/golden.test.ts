/** Every op against PyTorch's values and gradients (tools/parity), with claims and without. */
import { compareWithGolden } from "../../core/test/golden/compare.ts";
import { openWasm } from "../src/index.ts";

compareWithGolden({
  "wasm, two threads": await openWasm({ threads: 2 }),
  "wasm, one thread, without claims": await openWasm({ threads: 1, claims: false }),
});
