/** Backends made from another one: without its upgrades, with poisoned memory, or counting what they are asked for. */
import type { Backend, OpRequest } from "@sconce/core";

/** `backend` with some members replaced; a member replaced by undefined is absent. */
export function wrapBackend(backend: Backend, changes: Partial<Record<keyof Backend, unknown>>): Backend {
  return new Proxy(backend, {
    get(target, key): unknown {
      if (key in changes) return changes[key as keyof Backend];
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
    has: (target, key) => (key in changes ? changes[key as keyof Backend] !== undefined : key in target),
  });
}

/** `backend` as if it claimed nothing, so that every op runs as loop nests. */
export function withoutClaims(backend: Backend): Backend {
  return wrapBackend(backend, { claim: undefined });
}

/** `backend` whose fresh buffers are full of NaN (and of -1, 255 and true): whoever reads before writing gets caught. */
export function poisoned(backend: Backend): Backend {
  return wrapBackend(backend, {
    allocate: (byteLength: number): unknown => {
      const buffer = backend.allocate(byteLength);
      if (byteLength > 0) backend.write(buffer, new Uint8Array(byteLength).fill(255));
      return buffer;
    },
  });
}

/** `backend`, adding the name of every op it claims to `claimed`. */
export function recordingClaims(backend: Backend, claimed: Set<string>): Backend {
  if (!backend.claim) return backend;
  return wrapBackend(backend, {
    claim: (request: OpRequest): unknown => {
      const kernel = backend.claim?.(request);
      if (kernel) claimed.add(request.op);
      return kernel;
    },
  });
}
