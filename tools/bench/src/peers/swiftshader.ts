/**
 * A WebGPU for machines without a graphics card: SwiftShader, which Chromium brings along.
 *
 * Dawn finds drivers as the Vulkan loader does: by VK_ICD_FILENAMES. Where the system has no loader, Chromium's own is
 * loaded beforehand, for good, so that Dawn finds it under its name.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const folders = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/usr/lib64/chromium-browser", "/opt/google/chrome"];

/** Must run on the main thread: the environment of a worker thread is a copy that drivers do not see. */
export function useSwiftShader(): void {
  const manifest = folders.map((folder) => join(folder, "vk_swiftshader_icd.json")).find((path) => existsSync(path));
  if (!manifest || process.env.VK_ICD_FILENAMES) return;
  process.env.VK_ICD_FILENAMES = manifest;
  const loader = join(dirname(manifest), "libvulkan.so.1");
  const [now, global, forGood] = [0x2, 0x100, 0x1000];
  try {
    if (existsSync(loader)) process.dlopen({ exports: {} }, loader, now | global | forGood);
  } catch {
    // It is no addon, which is what Node complains about; by then it is loaded.
  }
}
