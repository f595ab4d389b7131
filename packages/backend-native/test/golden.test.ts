/** Every op against PyTorch's values and gradients (tools/parity), with claims and without. */
import { compareWithGolden } from "../../core/test/golden/compare.ts";
import { openNative } from "../src/index.ts";

compareWithGolden({
  "two threads": await openNative({ threads: 2 }),
  "one thread, without claims": await openNative({ threads: 1, claims: false }),
});
