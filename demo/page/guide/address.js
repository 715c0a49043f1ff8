// What is on show, in the address of the page: a reload, Back and a link bring it back.

/** @type {Map<string, {last: string | null, follow: (value: string | null) => void}>} */
const followed = new Map();

/** The value of a name in the address, or null. @param {string} name */
export const read = (name) => new URL(location.href).searchParams.get(name);

/**
 * Of one value that changes faster than this, as while it is typed, only the last is a step of
 * Back; milliseconds.
 */
const SETTLES = 1000;
let recent = { names: "", at: -Infinity };

/**
 * Puts values into the address; null takes a name out of it. Each call is one step of Back, with
 * `replace` none.
 * @param {Record<string, string | number | null>} changes
 * @param {{replace?: boolean, group?: string}} [options] `group`: names that change together, as of
 *   one form
 */
export function write(changes, { replace = false, group = "" } = {}) {
  const url = new URL(location.href),
    changed = [];
  for (const [name, value] of Object.entries(changes)) {
    const before = url.searchParams.get(name);
    if (value === null || value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, String(value));
    if (url.searchParams.get(name) !== before) changed.push(name);
    const one = followed.get(name);
    if (one) one.last = url.searchParams.get(name);
  }
  if (!changed.length) return;
  const names = group || changed.join(),
    soon = names === recent.names && performance.now() - recent.at < SETTLES;
  recent = { names, at: performance.now() };
  if (replace || soon) history.replaceState(history.state, "", url);
  else history.pushState(history.state, "", url);
}

/**
 * Calls `follow` whenever Back or Forward has changed the value of a name.
 * @param {string} name @param {(value: string | null) => void} follow
 */
export function onMove(name, follow) {
  followed.set(name, { last: read(name), follow });
}

/**
 * As `write`, and whoever follows the names acts on it: for a click outside of what follows.
 * @param {Record<string, string | number | null>} changes
 */
export function go(changes) {
  write(changes);
  for (const name of Object.keys(changes)) followed.get(name)?.follow(read(name));
}

window.addEventListener("popstate", () => {
  for (const [name, one] of followed) {
    const value = read(name);
    if (value === one.last) continue;
    one.last = value;
    one.follow(value);
  }
});
