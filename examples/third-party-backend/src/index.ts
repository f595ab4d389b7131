/** An example: what someone outside the Sconce repository writes to add a backend. */
export { openTiny } from "./tiny-backend.ts";
