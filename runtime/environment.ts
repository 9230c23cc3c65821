// The process's environment, where a standard or a library reads it by itself.

/** Takes variables out of this process's environment, so that a user's settings for other programs have no say here. */
export function forgetEnvironment(prefix: string): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith(prefix)) delete process.env[name];
  }
}

const NAMES = ['deployment.environment.name', 'deployment.environment'] as const;

/**
 * `deployment.environment.name` out of OTEL_RESOURCE_ATTRIBUTES (`key=value,key=value`, percent-encoded), where every
 * program with OpenTelemetry finds it; its older name counts as well.
 */
export function deploymentEnvironment(variable = process.env.OTEL_RESOURCE_ATTRIBUTES ?? ''): string | undefined {
  const given = new Map(variable.split(',').map((pair) => splitPair(pair)));
  return NAMES.map((name) => given.get(name)).find((value) => value !== undefined && value !== '');
}

function splitPair(pair: string): readonly [key: string, value: string] {
  const at = pair.indexOf('=');
  const value = pair.slice(at + 1).trim();
  try {
    return [pair.slice(0, at).trim(), decodeURIComponent(value)];
  } catch {
    return [pair.slice(0, at).trim(), value];
  }
}
