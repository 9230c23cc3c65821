// How a stream's bytes are cut into events.

/** @param event its name, '' where the framing or the sender has none ; @param data its text */
export type FrameSink = (event: string, data: string) => void;

/** Takes bytes however they were cut; calls its sink for each event that they complete. Never throws. */
export interface FrameReader {
  push(bytes: Uint8Array): void;
  /** The bytes are over: what was begun and can be an event is one. */
  end(): void;
}
