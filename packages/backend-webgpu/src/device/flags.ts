/** The flags of WebGPU by number: outside a browser their names are no globals. */
export const bufferUsage = {
  mapRead: 0x1,
  copySource: 0x4,
  copyDestination: 0x8,
  storage: 0x80,
  queryResolve: 0x200,
} as const;
export const mapRead = 0x1;
export const computeStage = 0x4;
