// One line of JSON a message on stderr (a terminal gets readable text). The only place that writes there.
// Values are escaped by JSON, so nothing that a caller sends can forge a line; secrets never get this far: callers
// pass names, counts and redacted messages.

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const REPEAT_MS = 10_000;

// Whoever read the log may be gone (`| head`, a restarted collector of logs): that is no reason to stop working.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** @param part who speaks: supervisor, proxy, reporter, collector */
export function createLogger(part: string): Logger {
  const lastSaid = new Map<string, { at: number; held: number }>();
  const write = (level: string, message: string, fields: LogFields = {}) => {
    const now = performance.now();
    const said = lastSaid.get(message);
    if (level !== 'info' && said && now - said.at < REPEAT_MS) {
      said.held++;
      return;
    }
    if (lastSaid.size > 500) lastSaid.clear();
    lastSaid.set(message, { at: now, held: 0 });
    const repeated = said && said.held > 0 ? { repeated: said.held } : {};
    process.stderr.write(`${render({ level, part, message, ...fields, ...repeated })}\n`);
  };
  return {
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  };
}

interface Line {
  readonly level: string;
  readonly part: string;
  readonly message: string;
}

function render(line: Line): string {
  if (!process.stderr.isTTY) return JSON.stringify({ time: new Date().toISOString(), ...line });
  const { level, part, message, ...fields } = line;
  const details = Object.entries(fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [`${new Date().toISOString().slice(11, 23)} ${level.padEnd(5)} ${part}: ${message}`, ...details].join(' ');
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
