// One process a data directory. The lock is a file with the owner's process id; a dead owner's lock is taken over.

import { closeSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A refusal to start, in one plain sentence for the person at the terminal. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * Takes the lock or says who has it.
 * @returns a function that gives it back
 * @throws StartError when another live process has it, or the directory cannot be used
 */
export function lockDirectory(dir: string): () => void {
  const path = join(dir, 'lock');
  try {
    mkdirSync(dir, { recursive: true });
    claim(path);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `the data directory ${dir} cannot be used (${(error as NodeJS.ErrnoException).code}): choose another with --data`,
    );
  }
  return () => {
    if (ownerOf(path) === process.pid) unlinkSync(path);
  };
}

function claim(path: string): void {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const fd = openSync(path, 'wx');
      writeSync(fd, `${process.pid} ${startOf(process.pid)}\n`);
      closeSync(fd);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(path);
    if (owner !== undefined) {
      throw new StartError(
        `another Signalbox (process ${owner}) uses this data directory: stop it, or choose another with --data (${path})`,
      );
    }
    unlinkSync(path);
  }
  throw new StartError(`could not take the lock ${path}: another process is starting at the same moment`);
}

/** The live process that holds the lock, if one does. */
function ownerOf(path: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const [pid, start] = text.trim().split(' ');
  const owner = Number(pid);
  if (!Number.isInteger(owner) || owner <= 0) return undefined;
  return isAlive(owner) && (start === undefined || start === startOf(owner)) ? owner : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process started, so that a reused process id is not mistaken for the owner; '-' where that cannot be told. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
  } catch {
    return '-';
  }
}
