// Draws a Plot with uPlot, which is loaded when the first chart is shown.
import type uPlot from 'uplot';
import { clock, day, inUnit } from '../lib/format.ts';
import { stacked, type Plot } from '../lib/plot.ts';

export interface Look {
  readonly plot: Plot;
  readonly bars: boolean;
  readonly height: number;
  readonly colour: (group: string) => string;
}

export interface Hooks {
  readonly onhover: (at: { index: number; left: number } | undefined) => void;
  readonly onzoom: (from: number, to: number) => void;
  readonly onpick: (at: { index: number; value: number; reach: number }) => void;
}

export type Library = typeof uPlot;

/** uPlot asks for navigator.language at import, and some headless systems have one that no Intl accepts. */
export async function library(): Promise<Library> {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
  }
  const [module] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]);
  return module.default;
}

/** The canvas knows no custom properties: resolves one where it is used. */
function resolved(element: HTMLElement, colour: string): string {
  const probe = document.createElement('i');
  probe.style.color = colour;
  element.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

export function dataOf({ plot, bars }: Look): uPlot.AlignedData {
  const values = bars ? stacked(plot.lines).reverse() : plot.lines.map(({ values }) => [...values]);
  return [plot.times.map((time) => time / 1000), ...values];
}

const FAINT_BELOW = 20;

function seriesOf(U: Library, look: Look, element: HTMLElement): uPlot.Series[] {
  const lines = look.bars ? look.plot.lines.toReversed() : look.plot.lines;
  const paths = look.bars ? U.paths.bars?.({ size: [0.82, 24], align: 1, gap: 1 }) : U.paths.linear?.();
  return lines.map(({ group, samples }) => {
    const colour = resolved(element, look.colour(group));
    return {
      stroke: colour,
      ...(look.bars ? { fill: colour, width: 0 } : { width: 1.5 }),
      alpha: !look.bars && samples < FAINT_BELOW ? 0.45 : 1,
      points: look.bars
        ? { show: false }
        : { show: true, size: 4, fill: colour, width: 0, filter: (u, index) => lonely(u.data[index] ?? []) },
      ...(paths && { paths }),
    };
  });
}

/** A line cannot show a value that has a gap on both sides: a point does. */
function lonely(values: uPlot.AlignedData[number]): number[] {
  const gap = (index: number): boolean => (values[index] ?? null) === null;
  return Array.from(values.keys()).filter((index) => !gap(index) && gap(index - 1) && gap(index + 1));
}

function axesOf(look: Look, element: HTMLElement): uPlot.Axis[] {
  const { from, to, unit } = look.plot;
  const ink = resolved(element, 'var(--n-7)');
  const grid = { stroke: resolved(element, 'var(--n-3)'), width: 1 };
  const font = `12px ${getComputedStyle(element).getPropertyValue('--mono')}`;
  const shared = { stroke: ink, font, ticks: { show: false } };
  const long = to - from > 36 * 3_600_000;
  const late = to / 1000 - ((to - from) / 1000) * 0.04;
  const time = (seconds: number, gap: number): string => {
    if (seconds > late) return '';
    const isDay = gap >= 86_400 || (long && new Date(seconds * 1000).getHours() === 0);
    return isDay ? day(seconds * 1000) : clock(seconds * 1000).slice(0, 5);
  };
  const times = (splits: readonly number[]): string[] =>
    splits.map((seconds) => time(seconds, (splits[1] ?? 0) - (splits[0] ?? 0)));
  return [
    { ...shared, grid: { show: false }, size: 24, gap: 6, space: 72, values: (_u, splits) => times(splits) },
    {
      ...shared,
      grid,
      size: 58,
      gap: 6,
      space: 34,
      values: (_u, splits) => splits.map((value) => inUnit(value, unit)),
    },
  ];
}

export function optionsOf(
  U: Library,
  look: Look,
  { element, hooks }: { element: HTMLElement; hooks: Hooks },
): uPlot.Options {
  const { from, to } = look.plot;
  return {
    width: Math.max(element.clientWidth, 80),
    height: look.height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'time', setSeries: false },
      drag: { x: true, y: false, setScale: false },
      y: false,
      points: { show: !look.bars, size: 6 },
    },
    scales: {
      x: { time: true, range: [from / 1000, to / 1000] },
      y: { range: (_u, _min, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    axes: axesOf(look, element),
    series: [{}, ...seriesOf(U, look, element)],
    hooks: {
      init: [(u) => listen(u, hooks)],
      setCursor: [
        (u) => {
          const { idx, left } = u.cursor;
          const over = u.over.matches(':hover') && typeof idx === 'number' && left !== undefined && left >= 0;
          hooks.onhover(over ? { index: idx, left: left + u.over.offsetLeft } : undefined);
        },
      ],
      setSelect: [
        (u) => {
          const { left, width } = u.select;
          if (width < 6) return;
          hooks.onzoom(u.posToVal(left, 'x') * 1000, u.posToVal(left + width, 'x') * 1000);
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

function listen(u: uPlot, hooks: Hooks): void {
  let down = 0;
  u.over.addEventListener('pointerdown', (event) => {
    down = event.clientX;
  });
  u.over.addEventListener('click', (event) => {
    const { idx, top } = u.cursor;
    if (Math.abs(event.clientX - down) > 4 || typeof idx !== 'number' || top === undefined) return;
    const value = u.posToVal(top, 'y');
    hooks.onpick({ index: idx, value, reach: Math.abs(u.posToVal(top - 24, 'y') - value) });
  });
  u.over.addEventListener('pointerleave', () => hooks.onhover(undefined));
}
