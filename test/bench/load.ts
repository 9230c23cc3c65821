// The load generator, a process of its own: raw keep-alive sockets, a closed loop on N connections or a fixed rate,
// latencies in microseconds. Prints one line of JSON when the warm-up is over, one with the results.
//
//   node load.ts '{"port":8080,"connections":64,"seconds":3,...}'

import { connect, type Socket } from 'node:net';
import { quantile } from './numbers.ts';

export interface LoadPlan {
  readonly port: number;
  readonly connections: number;
  readonly warmSeconds: number;
  /** The warm-up also lasts until this many answers, or a minute. */
  readonly warmRequests?: number;
  readonly seconds: number;
  /** Requests a second over all connections; 0 is a closed loop. */
  readonly rate: number;
  /** The request, base64. */
  readonly request: string;
}

export interface LoadResult {
  readonly event: 'done';
  readonly requests: number;
  readonly errors: number;
  readonly seconds: number;
  readonly chunks: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly firstP50: number;
  readonly firstP99: number;
}

const HEADERS_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const MAX_SAMPLES = 2_000_000;

class Load {
  readonly #plan: LoadPlan;
  readonly #request: Buffer;
  readonly #total = new Float64Array(MAX_SAMPLES);
  readonly #first = new Float64Array(MAX_SAMPLES);
  readonly #idle: Lane[] = [];
  #samples = 0;
  #answers = 0;
  #errors = 0;
  #chunks = 0;
  #measuring = false;
  #over = false;
  #measuredFrom = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#request = Buffer.from(plan.request, 'base64');
  }

  async run(): Promise<LoadResult> {
    const lanes = await Promise.all(Array.from({ length: this.#plan.connections }, () => this.#open()));
    const { rate } = this.#plan;
    if (rate === 0) for (const lane of lanes) lane.send(this.#request);
    else this.#idle.push(...lanes);
    const ticking = rate === 0 ? undefined : this.#tick(rate);
    await sleep(this.#plan.warmSeconds);
    for (let waited = 0; this.#answers < (this.#plan.warmRequests ?? 0) && waited < 60; waited += 0.1) await sleep(0.1);
    this.#measuring = true;
    this.#measuredFrom = performance.now();
    say({ event: 'warm' });
    await sleep(this.#plan.seconds);
    this.#over = true;
    clearInterval(ticking);
    const seconds = (performance.now() - this.#measuredFrom) / 1000;
    const total = this.#total.subarray(0, this.#samples).sort();
    const first = this.#first.subarray(0, this.#samples).sort();
    const at = (values: Float64Array, q: number) => quantileOfSorted(values, q);
    return {
      event: 'done', requests: this.#samples, errors: this.#errors, seconds, chunks: this.#chunks,
      p50: at(total, 0.5), p90: at(total, 0.9), p99: at(total, 0.99), firstP50: at(first, 0.5), firstP99: at(first, 0.99),
    }; // prettier-ignore
  }

  /** Sends what is due by now; whoever finds no idle connection is dropped, not queued. */
  #tick(rate: number): NodeJS.Timeout {
    const from = performance.now();
    let sent = 0;
    return setInterval(() => {
      const due = Math.floor(((performance.now() - from) / 1000) * rate);
      while (sent < due) {
        sent++;
        this.#idle.shift()?.send(this.#request);
      }
    }, 1);
  }

  #open(): Promise<Lane> {
    return new Promise((resolve) => {
      const socket = connect({ port: this.#plan.port, host: '127.0.0.1', noDelay: true });
      const lane = new Lane(socket, (times) => this.#done(lane, times));
      socket.once('connect', () => resolve(lane));
      socket.on('error', () => this.#errors++);
      socket.on('close', () => this.#over || this.#errors++);
    });
  }

  #done(lane: Lane, { ok, total, first, chunks }: Times): void {
    this.#answers++;
    if (this.#measuring && !this.#over) {
      if (!ok) this.#errors++;
      else if (this.#samples < MAX_SAMPLES) {
        this.#total[this.#samples] = total;
        this.#first[this.#samples] = first;
        this.#samples++;
        this.#chunks += chunks;
      }
    }
    if (this.#over) return;
    if (this.#plan.rate === 0) lane.send(this.#request);
    else this.#idle.push(lane);
  }
}

interface Times {
  readonly ok: boolean;
  readonly total: number;
  readonly first: number;
  readonly chunks: number;
}

/** One connection with at most one request on its way. */
class Lane {
  readonly #socket: Socket;
  readonly #done: (times: Times) => void;
  #sentAt = 0;
  #firstAt = 0;
  #missing = -1;
  #ok = false;
  #chunks = 0;
  #tail: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, done: (times: Times) => void) {
    this.#socket = socket;
    this.#done = done;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  send(request: Buffer): void {
    this.#missing = -1;
    this.#firstAt = 0;
    this.#chunks = 0;
    this.#sentAt = performance.now();
    this.#socket.write(request);
  }

  #take(bytes: Buffer): void {
    if (this.#missing === -1) this.#begin(bytes);
    else if (this.#missing === -2) this.#more(bytes);
    else this.#missing -= bytes.length;
    if (this.#missing === 0) this.#end();
  }

  /** -1: no headers yet; -2: a chunked body without its end; else the bytes that are still to come. */
  #begin(bytes: Buffer): void {
    const head = bytes.indexOf(HEADERS_END);
    if (head < 0) throw new Error('headers in pieces are beyond this generator');
    this.#ok = bytes[9] === 0x32;
    const text = bytes.toString('latin1', 0, head).toLowerCase();
    const at = text.indexOf('\r\ncontent-length:');
    if (at >= 0) {
      this.#firstAt = performance.now();
      this.#missing = Number.parseInt(text.slice(at + 17), 10) - (bytes.length - head - 4);
      return;
    }
    this.#missing = -2;
    this.#more(bytes.subarray(head + 4));
  }

  #more(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#firstAt === 0) this.#firstAt = performance.now();
    this.#chunks++;
    const tail = bytes.length >= 5 ? bytes : Buffer.concat([this.#tail, bytes]);
    this.#tail = tail.subarray(-5);
    if (this.#tail.equals(LAST_CHUNK)) this.#missing = 0;
  }

  #end(): void {
    const now = performance.now();
    this.#done({
      ok: this.#ok,
      total: (now - this.#sentAt) * 1000,
      first: (this.#firstAt - this.#sentAt) * 1000,
      chunks: this.#chunks,
    });
  }
}

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const quantileOfSorted = (values: Float64Array, q: number) =>
  values.length === 0
    ? NaN
    : values.length < 1000
      ? quantile([...values], q)
      : (values[Math.floor((values.length - 1) * q)] ?? NaN);

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

if (process.argv[2] !== undefined && import.meta.main) {
  const result = await new Load(JSON.parse(process.argv[2]) as LoadPlan).run();
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
