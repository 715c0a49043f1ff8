// What every script of the page needs of its document.

/**
 * The first element below `root` that a selector names; an Error where there is none, for the html
 * and the script of a component belong together.
 * @template {Element} [Kind=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {abstract new (...args: any[]) => Kind} [kind] its class, where that matters
 * @returns {Kind}
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`The page has no ${selector}.`);
  return /** @type {Kind} */ (found);
}

/**
 * What draws on a canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [options]
 */
export function contextOf(canvas, options) {
  const context = canvas.getContext("2d", options);
  if (!context) throw new Error("This browser cannot draw on a canvas.");
  return context;
}

/**
 * The nearest element around the target of an event that a selector names.
 * @template {keyof HTMLElementTagNameMap} Name
 * @overload @param {Event} event @param {Name} selector @returns {HTMLElementTagNameMap[Name] |
 *   null}
 */
/** @overload @param {Event} event @param {string} selector @returns {HTMLElement | null} */
/** @param {Event} event @param {string} selector */
export function closest(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}

/**
 * An element with a class and attributes; text goes in by textContent only.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} tag
 * @param {string} [name] its class
 * @param {Record<string, unknown>} [attributes]
 * @param {unknown} [text]
 */
export function make(tag, name = "", attributes = {}, text = null) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== null) made.textContent = String(text);
  return made;
}

// Only what is new is written: the page is laid out and painted for it, the same or not.

/** @param {Element} element */
export function set(element, attribute, value) {
  if (element.getAttribute(attribute) !== String(value)) element.setAttribute(attribute, value);
}

/** @param {Element} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {HTMLElement} element @param {boolean} isHidden */
export function hide(element, isHidden) {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

/** @param {HTMLInputElement | HTMLSelectElement} field @param {unknown} value */
export function put(field, value) {
  if (field.value !== String(value)) field.value = String(value);
}

/**
 * A sentence in its line, with what kind it is of; none takes it away. @param {HTMLElement} line
 */
export function tell(line, text = "", kind = "") {
  write(line, text);
  set(line, "data-kind", text ? kind : "");
}

/** A picture, ready to be drawn. @param {string} address */
export async function loadImage(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/**
 * Whether a button needs the server while that is gone (head/alive.js); its title then says so.
 * @param {HTMLElement} button
 */
export const isOutOfReach = (button) =>
  button.hasAttribute("data-needs-server") && document.body.classList.contains("vq-gone");

/** Whether the person wants little motion. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * How far an arrow key leads: rows down and columns to the right.
 * @type {Record<string, [number, number]>}
 */
export const ARROWS = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/** How far an arrow key leads along a list; 0 for another key. @param {string} key */
export function along(key) {
  const [down, right] = ARROWS[key] ?? [0, 0];
  return down + right;
}

/**
 * Roving tabindex over `items` in rows of `columns`: arrow keys move the focus, `onMove(i)`
 * follows.
 * @param {HTMLElement[]} items @param {() => number} columns @param {KeyboardEvent} event
 * @param {(to: number) => void} [onMove]
 */
export function rove(items, columns, event, onMove = () => {}) {
  const at = items.findIndex((item) => item === closest(event, "button"));
  const arrow = ARROWS[event.key],
    ends = { Home: 0, End: items.length - 1 };
  const to = arrow ? at + arrow[0] * columns() + arrow[1] : ends[event.key];
  if (at < 0 || to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (to < 0 || to >= items.length) return;
  items.forEach((item, n) => {
    item.tabIndex = n === to ? 0 : -1;
  });
  items[to].focus();
  onMove(to);
}
