/** What claims ask of a request first. */
import type { OpRequest } from "@sconce/core";

/** Whether all floats involved are float32; positions may be int32. */
export function isFloat32({ inputs, output }: OpRequest): boolean {
  return output.dtype === "float32" && inputs.every(({ dtype }) => dtype === "float32" || dtype === "int32");
}
