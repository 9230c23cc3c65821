// How far a reader has come, on disk: a file of two slots that are written in turn and in place. In place, because a
// full disk must not keep a reader from going on: it is the one who frees the space. Two slots, so that a torn write
// leaves the one before it.

import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SEGMENT_START, type Position } from './format.ts';

export interface Cursor {
  /** Everything before this is committed. */
  readonly from: Position;
  /** The end of the batch that is claimed and not yet committed. */
  readonly to: Position | undefined;
}

const SLOT_BYTES = 512;
const START: Cursor = { from: { segment: 0, offset: SEGMENT_START }, to: undefined };

interface Slot {
  readonly id: string;
  readonly sequence: number;
  readonly cursor: Cursor;
}

export class CursorFile {
  readonly #fd: number;
  /** Names this spool for ever: a directory that was deleted and made again is another spool. */
  readonly id: string;
  #sequence: number;
  #cursor: Cursor;

  /** Makes directory and file where they are missing. */
  constructor(dir: string) {
    mkdirSync(dir, { recursive: true });
    this.#fd = openOrMake(dir);
    const bytes = Buffer.alloc(2 * SLOT_BYTES);
    readSync(this.#fd, bytes, 0, bytes.length, 0);
    const slots = [bytes.subarray(0, SLOT_BYTES), bytes.subarray(SLOT_BYTES)].flatMap(parseSlot);
    const newest = slots.sort((a, b) => b.sequence - a.sequence)[0];
    this.id = newest?.id ?? newId();
    this.#sequence = newest?.sequence ?? 0;
    this.#cursor = newest?.cursor ?? START;
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  save(cursor: Cursor): void {
    this.#sequence++;
    const slot = renderSlot({ id: this.id, sequence: this.#sequence, cursor });
    writeSync(this.#fd, slot, 0, SLOT_BYTES, (this.#sequence % 2) * SLOT_BYTES);
    this.#cursor = cursor;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** A new file appears whole: a writer and a reader may open the same new spool at once, and must agree on its id. */
function openOrMake(dir: string): number {
  const path = join(dir, 'cursor');
  if (existsSync(path)) return openSync(path, 'r+');
  const id = newId();
  const draft = join(dir, `cursor.${id}`);
  writeFileSync(draft, [0, 1].map((sequence) => renderSlot({ id, sequence, cursor: START })).join(''));
  try {
    linkSync(draft, path);
  } catch (error) {
    // Somebody else was quicker; or this file system has no links, and then the last one wins.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  return openSync(path, 'r+');
}

function newId(): string {
  return randomBytes(6).toString('hex');
}

function renderSlot({ id, sequence, cursor: { from, to } }: Slot): Buffer {
  const text = [id, sequence, from.segment, from.offset, to?.segment ?? 0, to?.offset ?? 0].join(' ');
  const slot = Buffer.alloc(SLOT_BYTES, ' ');
  slot.write(`${text} ${crc32(text)}\n`, 'latin1');
  return slot;
}

/** The slot, or nothing when it is empty or torn: then the reader starts over, and takers recognise what they have. */
function parseSlot(bytes: Buffer): Slot[] {
  const match = /^((\w+) (\d+) (\d+) (\d+) (\d+) (\d+)) (\d+)\n/.exec(bytes.toString('latin1'));
  if (!match || crc32(match[1] ?? '') !== Number(match[8])) return [];
  const at = (index: number) => Number(match[index]);
  const to = at(6) > 0 ? { segment: at(6), offset: at(7) } : undefined;
  return [{ id: match[2] ?? '', sequence: at(3), cursor: { from: { segment: at(4), offset: at(5) }, to } }];
}
