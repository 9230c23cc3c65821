// Certificates for tests of TLS, made on the spot: a small DER writer around node's own signatures.

import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export interface Issued {
  readonly name: string;
  readonly key: KeyObject;
  /** PEM, as node:tls takes them. */
  readonly keyText: string;
  readonly cert: string;
}

export interface Wish {
  readonly name: string;
  /** An address or a host name it is for; none for an authority. */
  readonly host?: string;
  /** Who signs; itself unless said. */
  readonly by?: Issued;
  readonly until?: Date;
}

const DAY_MS = 86_400_000;
const OIDS = { ecdsaSha256: '2a8648ce3d040302', commonName: '550403', altName: '551d11', constraints: '551d13' };

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const bits = (bytes: Uint8Array) => der(0x03, Buffer.from([0]), bytes);
const time = (date: Date) => der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\..*/g, '')}Z`));
const nameOf = (name: string) => sequence(der(0x31, sequence(oid(OIDS.commonName), der(0x0c, Buffer.from(name)))));
const extension = (id: string, value: Uint8Array) => sequence(oid(id), der(0x04, value));

function altName(host: string): Buffer {
  const isAddress = /^\d+(\.\d+){3}$/.test(host);
  const value = isAddress ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host));
  return extension(OIDS.altName, sequence(value));
}

/** A key pair and its certificate; an authority when it is for no host. */
export function issue({ name, host, by, until = new Date(Date.now() + DAY_MS) }: Wish): Issued {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authority = extension(OIDS.constraints, sequence(der(0x01, Buffer.from([255]))));
  const algorithm = sequence(oid(OIDS.ecdsaSha256));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1, ...crypto.getRandomValues(new Uint8Array(8))])),
    algorithm,
    nameOf(by?.name ?? name),
    sequence(time(new Date(until.getTime() - 30 * DAY_MS)), time(until)),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(host === undefined ? authority : altName(host))),
  );
  const signature = sign('sha256', body, by?.key ?? privateKey);
  const text = sequence(body, algorithm, bits(signature)).toString('base64');
  return {
    name,
    key: privateKey,
    keyText: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`,
  };
}
