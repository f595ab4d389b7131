// No unused files, exports or dependencies, and none missing (knip.jsonc says what counts as an entry).
import { test } from "vitest";
import { command } from "./command.ts";

test("nothing is unused", async () => {
  await command("knip", ["--no-progress"]);
});
