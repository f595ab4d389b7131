/** Programs that libraries for browsers hand to their threads as Blobs, which Node's threads do not take. */

/** Lets `place` decide, from the text of a Blob, what URL it gets. */
export function interceptBlobs(place: (program: string) => string): void {
  class TextBlob extends Blob {
    readonly program: string;

    constructor(parts: readonly string[], options?: BlobPropertyBag) {
      super([...parts], options);
      this.program = parts.join("");
    }
  }
  Object.assign(globalThis, { Blob: TextBlob });
  URL.createObjectURL = (blob) => place((blob as unknown as TextBlob).program);
  URL.revokeObjectURL = () => {};
}
