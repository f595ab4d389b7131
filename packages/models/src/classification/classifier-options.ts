/** What all image classifiers are told. */
export interface ClassifierOptions {
  /** The number of logits; 1000, as in ImageNet, by default. */
  readonly numClasses?: number;
}
