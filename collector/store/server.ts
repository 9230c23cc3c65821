// A ClickHouse server as the store: which database of it is ours, and that it is there.

import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { engineCode, StoreOpenError } from './errors.ts';

/** The database, unless the URL names another one. */
export const DATABASE = 'signalbox';

const REQUEST_TIMEOUT_MS = 60_000;
const UNKNOWN_DATABASE = 81;
/** Names that need no quotes, nor a second thought. */
const NAME = /^[A-Za-z_]\w{0,63}$/;

/** One connection. @throws StoreOpenError when the URL's database cannot be one */
export function connectServer(url: string, database: string = databaseOf(url)): ClickHouseClient {
  const address = new URL(url);
  address.pathname = '';
  return createClient({
    url: address,
    database,
    request_timeout: REQUEST_TIMEOUT_MS,
    max_open_connections: 1,
    // The client's own log quotes statements, and with them what people search for and say.
    log: { level: ClickHouseLogLevel.OFF },
  });
}

/**
 * Makes the database where it is missing. A server answers nothing under the name of a database that is not there, so
 * that this goes through its default one; where it is there, no right to make one is needed.
 */
export async function createDatabase(url: string): Promise<void> {
  try {
    await commandOn(connectServer(url), 'SELECT 1');
  } catch (error) {
    if (engineCode(error) !== UNKNOWN_DATABASE) throw error;
    await commandOn(connectServer(url, 'default'), `CREATE DATABASE IF NOT EXISTS ${databaseOf(url)}`);
  }
}

async function commandOn(client: ClickHouseClient, query: string): Promise<void> {
  try {
    await client.command({ query });
  } finally {
    await client.close();
  }
}

function databaseOf(url: string): string {
  const name = new URL(url).pathname.slice(1) || DATABASE;
  if (NAME.test(name)) return name;
  throw new StoreOpenError('the database in store.url must be a name of letters, digits and underscores');
}
