// The tiny program that a user of the packed packages runs, in Node and as a bundle for the browser.
// What it prints must be expected.txt. Adjust both when the packages have more to show.
import "@sconce/backend-cpu/register";
import "@sconce/backend-wasm/register";
import { openBackend, tensor, withBackend } from "@sconce/core";

for (const name of ["cpu", "wasm"]) {
  const sum = await withBackend(await openBackend(name), () => tensor([1, 2, 3]).add(1).data());
  console.log(name, sum.join(" "));
}
