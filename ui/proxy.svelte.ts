// Where the proxy is and what a first call to it looks like, asked of the collector once.
import type { FirstCall } from '../schemas/api.ts';
import { api } from './api.ts';

class Proxy {
  /** What a default installation has, until the collector has said it. */
  #told = $state.raw<FirstCall>({ url: 'http://127.0.0.1:8080', model: 'simulated/sim-small', key_needed: false });
  #asked = false;

  get firstCall(): FirstCall {
    if (!this.#asked) void this.#ask();
    return this.#told;
  }

  async #ask(): Promise<void> {
    this.#asked = true;
    try {
      const { proxy } = await api.status();
      // A proxy that listens everywhere is reached by the name that this page was.
      this.#told = { ...proxy, url: proxy.url.replace('//0.0.0.0:', `//${location.hostname}:`) };
    } catch {
      this.#asked = false;
    }
  }
}

export const proxy = new Proxy();
