// Puts batches into the store, exactly once per token: each table's insert carries the token, and every table and
// every view behind it keeps a window of the tokens it has seen.

import type { SpanBatch } from '../../schemas/span.ts';
import { PermanentError, type EncodedBatch, type StoreWriter } from '../component.ts';
import { encodeBatch, IO_COLUMNS, SCORE_COLUMNS, SPAN_COLUMNS } from '../queue/codec.ts';
import type { StoreClient } from './client.ts';
import { describe, isBadData } from './errors.ts';

const TABLES = [
  // Payloads first: who sees a span can open it.
  { table: 'span_io', rows: 'io', columns: IO_COLUMNS },
  { table: 'spans', rows: 'spans', columns: SPAN_COLUMNS },
  { table: 'scores', rows: 'scores', columns: SCORE_COLUMNS },
] as const;

export function createStoreWriter(store: StoreClient): Required<StoreWriter> {
  const insertEncoded = async (batch: EncodedBatch, token: string): Promise<void> => {
    for (const { table, rows, columns } of TABLES) {
      const { text } = batch[rows];
      if (text.length === 0) continue;
      try {
        await store.insert({ table, columns, text, token: `${token}/${table}` });
      } catch (error) {
        if (isBadData(error)) throw new PermanentError(`${table} does not take the rows: ${describe(error)}`);
        // oxlint-disable-next-line preserve-caught-error -- the engine quotes the rows, and this goes to the log
        throw new Error(`${table}: ${describe(error)}`);
      }
    }
  };
  return { insertEncoded, insert: (batch: SpanBatch, token) => insertEncoded(encodeBatch(batch), token) };
}
