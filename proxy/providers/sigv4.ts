// AWS Signature Version 4, as Bedrock wants it: proof that the sender knows the secret, over the whole request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import { createHash, createHmac } from 'node:crypto';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Signing {
  readonly credentials: AwsCredentials;
  readonly region: string;
  readonly service: string;
  readonly host: string;
  readonly at: Date;
}

export interface Signable {
  readonly method: string;
  /** With its query; already percent-encoded, as it goes over the wire. */
  readonly path: string;
  readonly body: Buffer | undefined;
}

/** The headers that prove a request: name, value, name, value ... */
export function signV4(request: Signable, signing: Signing): string[] {
  const { credentials, region, service, host, at } = signing;
  const time = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const bodyHash = createHash('sha256')
    .update(request.body ?? '')
    .digest('hex');
  const signed: [string, string][] = [
    ['host', host],
    ['x-amz-content-sha256', bodyHash],
    ['x-amz-date', time],
    ...(credentials.sessionToken === undefined
      ? []
      : [['x-amz-security-token', credentials.sessionToken] satisfies [string, string]]),
  ];
  const names = signed.map(([name]) => name).join(';');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical(request, signed, names, bodyHash))].join('\n');
  let key: Buffer | string = `AWS4${credentials.secretAccessKey}`;
  for (const part of [day, region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return [...signed.slice(1).flat(), 'authorization', authorization];
}

// oxlint-disable-next-line max-params -- one call site, four parts of one text
function canonical(
  { method, path }: Signable,
  headers: readonly (readonly [string, string])[],
  names: string,
  bodyHash: string,
): string {
  const at = path.indexOf('?');
  const query = at < 0 ? '' : canonicalQuery(path.slice(at + 1));
  const lines = headers.map(([name, value]) => `${name}:${value.trim()}\n`).join('');
  // All services but S3 encode the path once more.
  const segments = (at < 0 ? path : path.slice(0, at)).split('/').map(encoded).join('/');
  return [method, segments, query, lines, names, bodyHash].join('\n');
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort()
    .join('&');
}

/** RFC 3986: encodeURIComponent leaves five characters alone that AWS encodes. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
