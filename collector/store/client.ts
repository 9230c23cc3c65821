// The one way to the database: ClickHouse's own client, on the embedded engine (a directory) or on a server (a URL).
// The embedded engine answers one question at a time on a connection, so there is one connection for writing and a few
// for reading, each with one call in flight; who comes later waits in line, in JavaScript.
// Limits stand in the SQL of each question: given as client settings they would stay on the connection for good.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createClient, type ClickHouseClient, type ClickHouseClientConfigOptions } from '@clickhouse/client';
import { Session } from 'chdb';
import { createChdbConnection } from 'chdb/connection';
import { messageOf } from '../../runtime/log.ts';
import { isLimit, QueryLimitError, StoreOpenError } from './errors.ts';
import { Pool } from './pool.ts';
import { DATABASE, connectServer, createDatabase } from './server.ts';
import { sql, Sql } from './sql.ts';

export interface StoreOptions {
  /** Directory of the embedded engine; created when missing. Ignored where `url` is set. */
  readonly path: string;
  /** A ClickHouse server: `http://user:password@host:8123/database`. */
  readonly url?: string | undefined;
  readonly readers?: number;
}

/** Bounds of one question. */
export interface QueryLimits {
  readonly seconds?: number;
  readonly bytes?: number;
  readonly rows?: number;
}

export interface BlockInsert {
  readonly table: string;
  readonly columns: readonly string[];
  /** What the blocks' columns are, as SQL says it. */
  readonly structure: string;
  /** The Native format. */
  readonly blocks: Buffer;
  /** A second insert into this table under the same token adds nothing, here and in what is derived from it. */
  readonly token: string;
}

interface Connection {
  readonly client: ClickHouseClient;
  /** Where the embedded engine finds the rows of an insert. */
  readonly inbox: string | undefined;
}

type ClientConnection = NonNullable<ClickHouseClientConfigOptions['connection']>;

const READERS = 4;
const LIMITS = { seconds: 10, bytes: 1024 ** 3, rows: 200_000 } as const;

export class StoreClient {
  readonly mode: 'embedded' | 'server';
  readonly #writer: Pool<Connection>;
  readonly #readers: Pool<Connection>;

  private constructor(mode: 'embedded' | 'server', writer: Connection, readers: readonly Connection[]) {
    this.mode = mode;
    this.#writer = new Pool([writer], 1_000);
    this.#readers = new Pool(readers, 256);
  }

  /** @throws StoreOpenError with one plain sentence */
  static async open(options: StoreOptions): Promise<StoreClient> {
    const count = 1 + (options.readers ?? READERS);
    const open = options.url === undefined ? openEmbedded(options.path, count) : openServer(options.url, count);
    const [writer, ...readers] = open;
    if (!writer) throw new StoreOpenError('the store needs at least one connection');
    try {
      if (options.url !== undefined) await createDatabase(options.url);
      else {
        await writer.client.command({ query: `CREATE DATABASE IF NOT EXISTS ${DATABASE} ENGINE = Atomic` });
        for (const { client } of open) await client.command({ query: `USE ${DATABASE}` });
      }
    } catch (error) {
      await Promise.allSettled(open.map(({ client }) => client.close()));
      throw openError(error, options);
    }
    return new StoreClient(options.url === undefined ? 'embedded' : 'server', writer, readers);
  }

  /** Asks one question on a reading connection. */
  async query<Row>(question: Sql, limits: QueryLimits = {}): Promise<Row[]> {
    const { seconds, bytes, rows } = { ...LIMITS, ...limits };
    const bounded = sql`${question} SETTINGS max_execution_time = ${seconds}, max_memory_usage = ${bytes},
      max_result_rows = ${rows}, output_format_json_quote_64bit_integers = 0, output_format_json_quote_decimals = 0`;
    return this.#readers.use(async ({ client }) => {
      try {
        const result = await client.query({ query: bounded.text, format: 'JSONEachRow' });
        return await result.json<Row>();
      } catch (error) {
        if (isLimit(error)) throw new QueryLimitError('the question is too big', { cause: error });
        throw error;
      }
    });
  }

  /** Runs a statement without an answer, on the writing connection. */
  async command(statement: Sql): Promise<void> {
    await this.#writer.use(({ client }) => client.command({ query: statement.text }));
  }

  /** Writes rows that are blocks already. The errors are the engine's own. */
  async insert({ table, columns, structure, blocks, token }: BlockInsert): Promise<void> {
    const names = columns.join(', ');
    const head = `INSERT INTO ${table} (${names})`;
    const settings = sql`SETTINGS insert_deduplication_token = ${token}, ${INSERT_SETTINGS}`.text;
    await this.#writer.use(async ({ client, inbox }) => {
      if (inbox === undefined) {
        const query = `${head} ${settings} FORMAT Native`;
        const { stream } = await client.exec({ query, values: Readable.from([blocks], { objectMode: false }) });
        stream.resume();
        return;
      }
      // The embedded engine takes binary formats only from a file. It is gone before the kernel puts it on the disk.
      await writeFile(inbox, blocks);
      const from = sql`SELECT ${new Sql(names)} FROM file(${inbox}, Native, ${structure})`;
      try {
        await client.command({ query: `${head} ${from.text} ${settings}` });
      } finally {
        await rm(inbox, { force: true });
      }
    });
  }

  /** Questions in line for a reading connection. */
  get waiting(): number {
    return this.#readers.waiting;
  }

  async close(): Promise<void> {
    await Promise.all([this.#readers.close(), this.#writer.close()]);
    for (const { client } of [...this.#readers.members, ...this.#writer.members]) await client.close();
  }
}

/**
 * Views are fed again when a batch comes twice, and tell by the token themselves: a crash between a table and its
 * views leaves no hole. One thread makes the same blocks of the same rows each time. Machine code for an insert's
 * views is made anew with each insert (20 ms), and saves less.
 */
const INSERT_SETTINGS = new Sql(`deduplicate_blocks_in_dependent_materialized_views = 1, max_threads = 1,
  max_insert_threads = 1, compile_expressions = 0, compile_aggregate_expressions = 0, compile_sort_description = 0`);

function openEmbedded(path: string, count: number): Connection[] {
  const opened: Connection[] = [];
  try {
    mkdirSync(path, { recursive: true });
    const config = join(path, 'engine.xml');
    writeFileSync(config, engineConfig());
    // Only a session takes the engine's own configuration; connections opened beside it share the engine.
    const first = new Session(join(path, 'data'), { connectionArgs: [`--config-file=${config}`] });
    for (let index = 0; index < count; index++) {
      const embedded = createChdbConnection({ path: join(path, 'data') });
      // The two packages say the same interface with different words for an optional property.
      const connection = embedded as unknown as ClientConnection;
      opened.push({ client: createClient({ connection }), inbox: join(path, 'insert.native') });
    }
    first.close();
    return opened;
  } catch (error) {
    for (const { client } of opened) void client.close();
    throw openError(error, { path });
  }
}

function openServer(url: string, count: number): Connection[] {
  return Array.from({ length: count }, () => ({
    client: connectServer(url),
    inbox: undefined,
  }));
}

/** Server-wide limits, which the embedded engine takes from a file only. Its defaults are those of a dedicated machine. */
function engineConfig(): string {
  const memory = Math.max(1024 ** 3, Math.floor(totalmem() * 0.4));
  return `<clickhouse>
  <max_server_memory_usage>${memory}</max_server_memory_usage>
  <mark_cache_size>${256 * 1024 ** 2}</mark_cache_size>
  <index_mark_cache_size>${64 * 1024 ** 2}</index_mark_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
</clickhouse>
`;
}

function openError(error: unknown, options: StoreOptions): StoreOpenError {
  const cause = { cause: error };
  if (options.url !== undefined) {
    const host = URL.canParse(options.url) ? new URL(options.url).host : 'the configured address';
    return new StoreOpenError(`cannot use the ClickHouse server at ${host}: ${firstLine(error)}`, cause);
  }
  const { path } = options;
  const code = (error as NodeJS.ErrnoException).code;
  const holder = holderOf(path);
  if (holder !== undefined) {
    return new StoreOpenError(
      `another Signalbox (process ${holder}) uses the data directory ${path}: stop it, or choose another directory`,
      cause,
    );
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new StoreOpenError(`the data directory ${path} cannot be written: check its owner and permissions`, cause);
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new StoreOpenError(`the data directory ${path} is not a directory`, cause);
  }
  return new StoreOpenError(`cannot open the store in ${path}: ${firstLine(error)}`, cause);
}

/** The live process that has the directory open: the engine says only that it cannot open it. */
function holderOf(path: string): number | undefined {
  try {
    const pid = Number(/^PID: (\d+)$/m.exec(readFileSync(join(path, 'data', 'status'), 'utf8'))?.[1]);
    process.kill(pid, 0);
    return pid === process.pid ? undefined : pid;
  } catch {
    return undefined; // no such file, no such process
  }
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n')[0]?.slice(0, 300) ?? '';
}
