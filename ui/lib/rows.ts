// Which rows of a long list are worth putting into the page.

export interface Window {
  readonly first: number;
  /** One past the last. */
  readonly last: number;
  readonly top: number;
  readonly height: number;
}

export interface Viewport {
  readonly scrollTop: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly rows: number;
}

const OVERSCAN = 8;

export function windowOf({ scrollTop, height, rowHeight, rows }: Viewport): Window {
  const visible = Math.ceil(height / rowHeight);
  const at = Math.max(0, Math.min(Math.floor(scrollTop / rowHeight), rows - visible));
  const first = Math.max(0, at - OVERSCAN);
  const last = Math.min(rows, at + visible + OVERSCAN);
  return { first, last, top: first * rowHeight, height: rows * rowHeight };
}

/** The scroll position that brings a row into view, or the present one when it is. */
export function reveal(row: number, { scrollTop, height, rowHeight }: Viewport): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  if (top + rowHeight > scrollTop + height) return top + rowHeight - height;
  return scrollTop;
}
