// Puts batches into the store, exactly once per token: each table's insert carries the token, and every table and
// every view behind it keeps a window of the tokens it has seen.

import type { SpanBatch } from '../../schemas/span.ts';
import { PermanentError, type EncodedBatch, type StoreWriter } from '../component.ts';
import { encodeBatch, IO, SCORES, SPANS } from '../queue/codec.ts';
import { columnsOf, structureOf } from '../queue/native.ts';
import type { StoreClient } from './client.ts';
import { describe, isBadData } from './errors.ts';

const TABLES = [
  // Payloads first: who sees a span can open it.
  { table: 'span_io', rows: 'io', columns: columnsOf(IO), structure: structureOf(IO) },
  { table: 'spans', rows: 'spans', columns: columnsOf(SPANS), structure: structureOf(SPANS) },
  { table: 'scores', rows: 'scores', columns: columnsOf(SCORES), structure: structureOf(SCORES) },
] as const;

export function createStoreWriter(store: StoreClient): Required<StoreWriter> {
  const insertEncoded = async (batch: EncodedBatch, token: string): Promise<void> => {
    for (const { rows, ...target } of TABLES) {
      const { table } = target;
      const { blocks } = batch[rows];
      if (blocks.length === 0) continue;
      try {
        await store.insert({ ...target, blocks, token: `${token}/${table}` });
      } catch (error) {
        if (isBadData(error)) throw new PermanentError(`${table} does not take the rows: ${describe(error)}`);
        // oxlint-disable-next-line preserve-caught-error -- the engine quotes the rows, and this goes to the log
        throw new Error(`${table}: ${describe(error)}`);
      }
    }
  };
  return { insertEncoded, insert: (batch: SpanBatch, token) => insertEncoded(encodeBatch(batch), token) };
}
