// HOST:PORT, taken apart.

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @param text HOST:PORT as the config's schema let it through; `[::1]:8080` for IPv6 */
export function splitAddress(text: string): Address {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
}

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
