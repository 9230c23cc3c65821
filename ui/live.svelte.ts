// The live tail: one WebSocket while a page wants it, a bounded list of the newest requests, and a count of what was left out.
import type { LiveMessage, TraceSummary } from '../schemas/api.ts';
import { join } from './lib/merge.ts';

const KEEP = 1000;
const FLUSH_MS = 200;
const LONGEST_PAUSE_MS = 15_000;

export class Live {
  state = $state<'connecting' | 'open' | 'away'>('connecting');
  traces = $state.raw<readonly TraceSummary[]>([]);
  /** Arrived while paused. */
  waiting = $state(0);
  /** Left out by the collector because this page was too slow. */
  dropped = $state(0);
  perSecond = $state(0);
  paused = $state(false);

  #socket: WebSocket | undefined;
  #inbox: TraceSummary[] = [];
  #arrived: number[] = [];
  #pause = 500;
  #timers: { flush?: ReturnType<typeof setInterval>; again?: ReturnType<typeof setTimeout> } = {};

  /** Connects; returns how to end it. */
  start(): () => void {
    this.#connect();
    this.#timers.flush = setInterval(() => this.#flush(), FLUSH_MS);
    return () => {
      clearInterval(this.#timers.flush);
      clearTimeout(this.#timers.again);
      const socket = this.#socket;
      this.#socket = undefined;
      // Closing while it connects would be an error in the console: it closes itself once it is open.
      if (socket?.readyState !== WebSocket.CONNECTING) socket?.close();
    };
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
    if (!paused) this.#flush();
  }

  clear(): void {
    this.#inbox = [];
    this.traces = [];
    this.waiting = 0;
  }

  #connect(): void {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/live`);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      if (this.#socket !== socket) return socket.close();
      this.state = 'open';
      this.#pause = 500;
    });
    socket.addEventListener('message', (event: MessageEvent<unknown>) => this.#read(event.data));
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return;
      this.state = 'away';
      this.#timers.again = setTimeout(() => this.#connect(), this.#pause);
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    });
  }

  #read(data: unknown): void {
    const message = parse(data);
    if (message?.type === 'dropped') this.dropped += message.count;
    if (message?.type !== 'trace') return;
    this.#arrived.push(Date.now());
    this.#inbox.push(message.trace);
    if (this.#inbox.length > KEEP) this.#inbox.shift();
  }

  #flush(): void {
    const since = Date.now() - 5000;
    this.#arrived = this.#arrived.filter((at) => at > since);
    this.perSecond = this.#arrived.length / 5;
    this.waiting = this.paused ? this.#inbox.length : 0;
    if (this.paused || this.#inbox.length === 0) return;
    this.traces = join(this.#inbox, this.traces, KEEP);
    this.#inbox = [];
  }
}

function parse(data: unknown): LiveMessage | undefined {
  try {
    return JSON.parse(String(data)) as LiveMessage;
  } catch {
    return undefined;
  }
}
