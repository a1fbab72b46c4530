// Conditions: what holds is passed over, what does not ends the case with words.
import { setTimeout as pause } from 'node:timers/promises';

export class Failed extends Error {}

// How long a condition may take before it is a hang.
export const HANG = 1000 * Number(process.env.GRIDWARD_HANG || 20);

export function check(holds, what) {
  if (!holds) throw new Failed(typeof what === 'function' ? what() : what);
}

export function same(found, expected, what) {
  const [a, b] = [found, expected].map((v) => JSON.stringify(v));
  check(a === b, () => `${what}: ${a} instead of ${b}`);
}

export function none(list, what) {
  check(list.length === 0, () => `${what}:\n  ${list.slice(0, 12).join('\n  ')}${list.length > 12 ? `\n  … ${list.length} in all` : ''}`);
}

// Asks until something other than false, null and undefined comes back.
export async function until(what, probe) {
  const end = Date.now() + HANG;
  for (let wait = 5; ; wait = Math.min(wait * 2, 100)) {
    const found = await probe();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > end) throw new Failed(`waited ${HANG / 1000} s for ${what}`);
    await pause(wait);
  }
}
