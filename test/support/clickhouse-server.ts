// A ClickHouse server as far as the collector sees one: its HTTP interface in front of the real (embedded) engine. It
// checks names and passwords, knows databases, and gives faults when told to: before a statement runs or after.

import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Session } from 'chdb';

export interface Fault {
  /** Code and name as the engine says them: 252, TOO_MANY_PARTS. */
  readonly code?: number;
  readonly name?: string;
  /** The status of the answer; 500 unless said. */
  readonly status?: number;
  /** The statement runs, and its answer gets lost. */
  readonly lost?: boolean;
  /** There is no answer at all. */
  readonly hangs?: boolean;
}

export const USER = 'signal';
export const PASSWORD = 'p%40ss-Word0815';

interface Statement {
  readonly sql: string;
  readonly data: Buffer | undefined;
  readonly database: string;
}

const INSERT = /^INSERT INTO (\w+) \(([^)]*)\) (SETTINGS [^]*) FORMAT (Native)$/;

export class ClickHouseServer {
  /** Statements as they came, oldest first. */
  readonly statements: string[] = [];
  /** Asked before each statement. */
  fault: (sql: string) => Fault | undefined = () => undefined;
  readonly #server: Server;
  readonly #session: Session;
  readonly #inbox: string;
  #line: Promise<unknown> = Promise.resolve();

  private constructor(dir: string) {
    this.#session = new Session(dir);
    this.#inbox = join(dir, 'insert');
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  static async start(dir: string, port = 0): Promise<ClickHouseServer> {
    const server = new ClickHouseServer(dir);
    await new Promise<void>((resolve) => server.#server.listen(port, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(database = ''): string {
    return `http://${USER}:${PASSWORD}@127.0.0.1:${this.port}/${database}`;
  }

  /** What the engine itself says, past the HTTP interface. */
  async rows<Row>(sql: string): Promise<Row[]> {
    const text = await this.#inLine(async () =>
      (await this.#session.queryAsync(sql, { format: 'JSONEachRow' })).text(),
    );
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Row);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#line;
    this.#session.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { searchParams } = new URL(request.url ?? '', 'http://clickhouse');
    const body = Buffer.concat(chunks);
    const inUrl = searchParams.get('query');
    const database = searchParams.get('database') ?? 'default';
    const statement = { sql: inUrl ?? body.toString(), data: inUrl === null ? undefined : body, database };
    this.statements.push(statement.sql);
    const expected = `Basic ${Buffer.from(`${USER}:${decodeURIComponent(PASSWORD)}`).toString('base64')}`;
    if (request.headers.authorization !== expected) {
      refuse(response, 403, `Code: 516. DB::Exception: ${USER}: Authentication failed. (AUTHENTICATION_FAILED)`);
      return;
    }
    const fault = this.fault(statement.sql);
    if (fault?.hangs) return;
    if (fault && !fault.lost) {
      const text =
        fault.code === undefined ? '<h1>Bad gateway</h1>' : `Code: ${fault.code}. DB::Exception: no. (${fault.name})`;
      refuse(response, fault.status ?? 500, text);
      return;
    }
    try {
      const bytes = await this.#inLine(() => this.#run(statement));
      if (fault?.lost) request.socket.resetAndDestroy();
      else response.writeHead(200, { 'x-clickhouse-format': 'JSONEachRow' }).end(bytes);
    } catch (error) {
      refuse(response, 500, error instanceof Error ? error.message : String(error));
    }
  }

  async #run({ sql, data, database }: Statement): Promise<Uint8Array> {
    await this.#session.queryAsync(`USE \`${database}\``);
    if (data === undefined) return (await this.#session.queryAsync(sql)).bytes();
    const [, into, columns, settings, format] = INSERT.exec(sql) ?? [];
    // The embedded engine takes binary formats only from a file.
    writeFileSync(this.#inbox, data);
    const from = `SELECT ${columns} FROM file('${this.#inbox}', ${format})`;
    await this.#session.queryAsync(`INSERT INTO ${into} (${columns}) ${from} ${settings}`);
    return new Uint8Array();
  }

  /** One statement at a time, as one session wants it. */
  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#line.then(work);
    this.#line = done.catch(() => undefined);
    return done;
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  const code = /Code: (\d+)/.exec(text)?.[1];
  const head = code === undefined ? {} : { 'x-clickhouse-exception-code': code };
  response.writeHead(status, { 'content-type': 'text/plain', ...head }).end(text);
}
