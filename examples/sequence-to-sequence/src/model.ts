/** One encoder, and a choice of four decoders. */
import {
  AttentionDecoder,
  type Decoder,
  Encoder,
  FeedbackDecoder,
  PeekDecoder,
  PlainDecoder,
  SequenceToSequence,
} from "@sconce/models";
import { endToken, startToken, vocabularyOf } from "./alphabet.ts";
import type { Task } from "./tasks/task.ts";

export type DecoderName = "plain" | "feedback" | "peek" | "attention";

type DecoderClass = new (vocabulary: number, embedding: number, hidden: number, context: number) => Decoder;

export const decoders: Readonly<Record<DecoderName, DecoderClass>> = {
  plain: PlainDecoder,
  feedback: FeedbackDecoder,
  peek: PeekDecoder,
  attention: AttentionDecoder,
};

export interface ModelOptions {
  /** The width of a character's vector; 16 by default. */
  readonly embedding?: number;
  /** The width of the decoder's state, and of the encoder's in both directions together; 32 by default. */
  readonly hidden?: number;
}

export function makeModel(
  task: Task,
  decoder: DecoderName,
  { embedding = 16, hidden = 32 }: ModelOptions = {},
): SequenceToSequence<Decoder> {
  const vocabulary = vocabularyOf(task);
  const encoder = new Encoder(vocabulary, embedding, hidden / 2, { bidirectional: true });
  return new SequenceToSequence<Decoder>(encoder, new decoders[decoder](vocabulary, embedding, hidden, encoder.width), {
    start: startToken,
    end: endToken,
  });
}
