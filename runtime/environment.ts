// The process's environment, for the rare library that reads it by itself.

/** Takes variables out of this process's environment, so that a user's settings for other programs have no say here. */
export function forgetEnvironment(prefix: string): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith(prefix)) delete process.env[name];
  }
}
