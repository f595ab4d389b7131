/** The common path of Sconce in one import; importing it makes the cpu backend known. */
import "@sconce/backend-cpu/register";

export * from "@sconce/core";
export * from "@sconce/data";
export * from "@sconce/layers";
export * from "@sconce/losses";
export * from "@sconce/models";
export * from "@sconce/optimizers";
