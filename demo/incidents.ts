// The four scripted incidents: what goes wrong, where, and when. Data; providers and traffic ask what is on.
// Time is milliseconds since the demo started: negative times are the past, positive ones repeat every CYCLE_MS.

export const CYCLE_MS = 10 * 60_000;

/** What an incident does to a provider's behaviour. */
export interface ProviderEffect {
  readonly ttftFactor?: number;
  readonly speedFactor?: number;
  readonly errorRate?: number;
  /** Shorter and worse answers under another fingerprint; the model's name stays the same. */
  readonly quality?: 'poor';
}

/** What it does to one team's demand. */
export interface TeamEffect {
  readonly model: string;
  /** How many times more context each prompt carries. */
  readonly contextFactor: number;
  readonly rateFactor: number;
}

export interface Incident {
  readonly id: string;
  readonly title: string;
  readonly deployment?: string;
  readonly model?: string;
  readonly team?: string;
  readonly provider?: ProviderEffect;
  readonly demand?: TeamEffect;
  /** Within each cycle of the running demo. */
  readonly live: Window;
  /** Before the start; `at` is negative. */
  readonly history: Window;
}

export interface Window {
  readonly at: number;
  readonly for: number;
}

const seconds = (count: number) => count * 1000;
const hours = (count: number) => count * 3_600_000;

export const INCIDENTS: readonly Incident[] = [
  {
    id: 'latency',
    title: 'azure-eu-2 answers slowly: first token and speed are several times worse',
    deployment: 'azure-eu-2',
    provider: { ttftFactor: 6, speedFactor: 0.45 },
    live: { at: seconds(15), for: seconds(150) },
    history: { at: hours(-8), for: hours(0.75) },
  },
  {
    id: 'errors',
    title: 'anthropic is overloaded: two of five calls fail',
    deployment: 'anthropic',
    provider: { errorRate: 0.4 },
    live: { at: seconds(35), for: seconds(90) },
    history: { at: hours(-6), for: hours(0.75) },
  },
  {
    id: 'quality',
    title: 'openai changes gpt-5-mini silently: answers get shorter and worse',
    deployment: 'openai',
    model: 'gpt-5-mini',
    provider: { quality: 'poor' },
    live: { at: seconds(55), for: seconds(300) },
    history: { at: hours(-4.5), for: hours(1.5) },
  },
  {
    id: 'cost',
    title: 'team research moves to gpt-5 with far longer prompts: its cost jumps',
    team: 'research',
    demand: { model: 'openai/gpt-5', contextFactor: 6, rateFactor: 2 },
    live: { at: seconds(75), for: seconds(240) },
    history: { at: hours(-2.5), for: hours(1) },
  },
];

/** The incidents that are on at a time. */
export function activeAt(sinceStart: number): readonly Incident[] {
  return INCIDENTS.filter((incident) => {
    const window = sinceStart < 0 ? incident.history : incident.live;
    const time = sinceStart < 0 ? sinceStart : sinceStart % CYCLE_MS;
    return time >= window.at && time < window.at + window.for;
  });
}

/** The joint effect on one model of one deployment. */
export function effectOn(active: readonly Incident[], deployment: string, model: string): ProviderEffect {
  const hit = active.filter(
    (incident) => incident.deployment === deployment && (incident.model === undefined || incident.model === model),
  );
  return Object.assign({}, ...hit.map((incident) => incident.provider ?? {})) as ProviderEffect;
}

export function demandOf(active: readonly Incident[], team: string): TeamEffect | undefined {
  return active.find((incident) => incident.team === team)?.demand;
}
