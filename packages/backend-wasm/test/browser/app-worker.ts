/** The script of a page's module worker, which starts threads of its own. */
import { reportOf } from "./training.ts";

postMessage(await reportOf({ threads: 2 }));
