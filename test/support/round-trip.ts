// The properties of every dialect that translates, each as a function, so that a dialect's suite is a list of them.

import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Call, CallEvent } from '../../schemas/call.ts';
import { Fold } from '../../schemas/dialects/fold.ts';
import { FRAMINGS } from '../../schemas/framing/index.ts';
import type { Asked, ChatDialect, Frame, Quirks } from '../../schemas/dialects/types.ts';
import { SMALL_CALL, asked, call, interleaved, output, said, streamed } from './neutral.ts';
import type { Can } from './neutral.ts';

export interface Case {
  readonly can: Can;
  readonly quirks?: Quirks;
  readonly runs?: number;
  /** A stream that the caller left the usage out of: where the dialect leaves the choice. */
  readonly streamUsage?: boolean;
}

/** What goes over the wire: JSON, without what JSON leaves out. */
export function wire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** A neutral call, written and read again, is the same call, and nothing of it was dropped. */
export function callsComeBack(dialect: ChatDialect, { can, quirks = {}, runs = 300 }: Case): void {
  fc.assert(
    fc.property(call(can), (before) => {
      const { model, stream } = before;
      const { body, dropped } = dialect.writeCall(before, { model, stream, quirks });
      const after: Call = dialect.readCall({ body: wire(body), model, stream });
      assert.deepEqual(said(after), said(before));
      assert.deepEqual(dropped, []);
      assert.deepEqual(wire(dialect.writeCall(after, { model, stream, quirks }).body), wire(body));
    }),
    { numRuns: runs },
  );
}

/** A whole answer, written and read again, is the same answer. */
export function outputsComeBack(dialect: ChatDialect, { can, runs = 300 }: Case): void {
  fc.assert(
    fc.property(output(can), (before) => {
      assert.deepEqual(dialect.readOutput(wire(dialect.writeOutput(before, asked(SMALL_CALL)))), before);
    }),
    { numRuns: runs },
  );
}

/** Events, encoded, framed, cut anywhere, read and decoded, fold to the same output. */
export function streamsComeBack(dialect: ChatDialect, { can, runs = 300 }: Case): void {
  fc.assert(
    fc.property(streamed(can), fc.boolean(), fc.integer({ min: 1, max: 64 }), ({ output, events }, mixed, size) => {
      const frames = encode(dialect, mixed ? interleaved(events) : events);
      const decoded = decodeBytes(dialect, framed(dialect, frames), size);
      checkOrder(decoded);
      assert.deepEqual(folded(decoded), output);
    }),
    { numRuns: runs },
  );
}

/** Every way to cut the bytes of a stream in two, and byte by byte: always the same events. */
export function cutsDoNotMatter(dialect: ChatDialect, bytes: Buffer): void {
  const whole = decodeBytes(dialect, bytes, bytes.length);
  assert.ok(whole.length > 0);
  assert.deepEqual(decodeBytes(dialect, bytes, 1), whole);
  for (let at = 1; at < bytes.length; at++) {
    const events: CallEvent[] = [];
    const { push, end } = reading(dialect, events);
    push(bytes.subarray(0, at));
    push(bytes.subarray(at));
    end();
    assert.deepEqual(events, whole, `cut at byte ${at}`);
  }
}

export function encode(dialect: ChatDialect, events: Iterable<CallEvent>, as?: Partial<Asked>): Frame[] {
  const encoder = dialect.encoder({ ...asked(SMALL_CALL), ...as });
  return [...events].flatMap((event) => encoder.push(event));
}

export function framed(dialect: ChatDialect, frames: readonly Frame[]): Buffer {
  return Buffer.concat(frames.map((frame) => FRAMINGS[dialect.framing].write(frame)));
}

/** What a decoder makes of bytes that come in pieces of this size. */
export function decodeBytes(dialect: ChatDialect, bytes: Buffer, size: number): CallEvent[] {
  const events: CallEvent[] = [];
  const { push, end } = reading(dialect, events);
  for (let at = 0; at < bytes.length; at += size) push(bytes.subarray(at, at + size));
  end();
  return events;
}

function reading(dialect: ChatDialect, events: CallEvent[]): { push(bytes: Buffer): void; end(): void } {
  const decoder = dialect.decoder();
  const reader = FRAMINGS[dialect.framing].read((event, data) => events.push(...decoder.push(event, data)));
  return { push: (bytes) => reader.push(bytes), end: () => reader.end() };
}

export function folded(events: Iterable<CallEvent>): ReturnType<Fold['output']> {
  const fold = new Fold();
  for (const event of events) fold.push(event);
  return fold.output();
}

/** Whether events keep to the contract of `CallEvent`: deltas inside their part, parts in order, one finish, the end last. */
export function checkOrder(events: readonly CallEvent[]): void {
  const open = new Set<string>();
  const next = new Map<number, number>();
  const finished = new Set<number>();
  let ended = false;
  for (const event of events) {
    assert.equal(ended, false, `${event.type} after the end`);
    if (event.type === 'end') ended = true;
    if (event.type === 'finish') {
      assert.equal(finished.has(event.choice), false, 'two finishes of one choice');
      finished.add(event.choice);
    }
    if (!('index' in event)) continue;
    const key = `${event.choice}.${event.index}`;
    if (event.type === 'open') {
      assert.equal(event.index, next.get(event.choice) ?? 0, 'parts open in the order of their numbers');
      next.set(event.choice, event.index + 1);
      open.add(key);
      continue;
    }
    assert.ok(open.has(key), `${event.type} of part ${key}, which is not open`);
    if (event.type === 'close') open.delete(key);
  }
  if (ended) assert.deepEqual([...open], [], 'parts are closed before the end');
}
