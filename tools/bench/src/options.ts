/** What the command line asks for. */
import { parseArgs } from "node:util";

export interface Options {
  readonly suite: string | undefined;
  readonly only: string;
  readonly quick: boolean;
  readonly json: boolean;
  readonly write: boolean;
  readonly python: string;
}

/** Reads the arguments; throws where one is not known. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      python: { type: "string", default: "python3" },
    },
  });
  return { ...values, suite: positionals[0] };
}
