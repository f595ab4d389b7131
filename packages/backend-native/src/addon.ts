/** The addon: its functions, and where its binary is found. */
import { createRequire } from "node:module";
import { BackendError } from "@sconce/core";

/** Handles that only the addon understands. */
declare const handle: unique symbol;
export interface Device {
  readonly [handle]: "device";
}
export interface KernelHandle {
  readonly [handle]: "kernel";
}
export interface ProgramHandle {
  readonly [handle]: "program";
}

/** What the addon exports; see addon/binding.cc. Buffers are numbers. Every failure is a BackendError. */
export interface Addon {
  /** Whether the processor has instructions for bfloat16 products. */
  hasBfloat16(): boolean;
  /** What its own kernels are compiled for: "avx512", "avx2" or "baseline". */
  instructionSet(): string;
  open(threads: number): Device;
  close(device: Device): void;
  allocate(device: Device, byteLength: number): number;
  release(device: Device, buffer: number): void;
  write(device: Device, buffer: number, bytes: Uint8Array): void;
  read(device: Device, buffer: number, byteLength: number): Promise<ArrayBuffer>;
  readSync(device: Device, buffer: number, byteLength: number): ArrayBuffer;
  finish(device: Device): Promise<void>;
  /** The kernel of that name for the description, or undefined when the addon has none. */
  kernel(device: Device, name: string, description: Float64Array): KernelHandle | undefined;
  /** `offsets`: for every buffer of every kernel, how many bytes into the buffer that it is given at a run; whole cache lines. */
  program(device: Device, kernels: readonly KernelHandle[], offsets?: Float64Array): ProgramHandle;
  run(device: Device, program: ProgramHandle, buffers: Int32Array): void;
}

let loaded: Addon | undefined;

/** Loads the binary for this platform: the package made for it, or the one built here. Throws BackendError. */
export function loadAddon(): Addon {
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  const platform = `${process.platform}-${process.arch}`;
  const tried: string[] = [];
  for (const name of [`@sconce/backend-native-${platform}`, "../build/release/sconce.node"]) {
    try {
      loaded = withBackendErrors(require(name) as Addon);
      return loaded;
    } catch (error) {
      tried.push(`${name}: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  throw new BackendError(
    `native: there is no binary for ${platform}. Where npm left optional dependencies out, run ` +
      `npm install @sconce/backend-native-${platform}; in a clone of Sconce, install a C++ compiler and oneDNN ` +
      `(Debian: apt install g++ libdnnl-dev) and run npm run build-addon in packages/backend-native. Tried:\n  ${tried.join("\n  ")}`,
  );
}

/** The same functions, throwing or rejecting with BackendError. */
function withBackendErrors(addon: Addon): Addon {
  const fail = (cause: unknown): never => {
    throw new BackendError((cause as Error).message, { cause });
  };
  const wrapped = Object.entries(addon).map(([name, method]: [string, (...values: unknown[]) => unknown]) => [
    name,
    (...values: unknown[]): unknown => {
      try {
        const result = method(...values);
        return result instanceof Promise ? result.catch(fail) : result;
      } catch (error) {
        return fail(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as Addon;
}
