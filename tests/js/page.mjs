// A page without a browser: elements that exist once they are asked for, and a list of all that is
// written to them. Setting a value that is there already counts, too: a browser works for it.

/** What was written since the list was last emptied, as "element: what", in a grid "cell 3: what". @type {string[]} */
export const written = [];

class Fake {
  #attributes = new Map();
  #classes = new Set();
  #found = new Map();
  children = [];
  parentElement = null;
  clientWidth = 300;
  clientHeight = 300;
  dataset = {};

  constructor(name) {
    this.name = name;
    for (const [field, value] of [
      ["textContent", ""],
      ["value", ""],
      ["hidden", false],
      ["disabled", false],
      ["tabIndex", 0],
      ["title", ""],
      ["className", ""],
      ["width", 0],
      ["height", 0],
      ["scrollTop", 0],
    ]) {
      let now = value;
      Object.defineProperty(this, field, {
        get: () => now,
        set: (next) => {
          this.wrote(field);
          now = ["textContent", "value"].includes(field) ? String(next) : next;
        },
      });
    }
    this.style = new Proxy(
      { setProperty: () => this.wrote("style") },
      { set: (own, property, value) => this.wrote("style") && Reflect.set(own, property, value) },
    );
    this.classList = {
      toggle: (one, on = !this.#classes.has(one)) => {
        if (on === this.#classes.has(one)) return;
        this.wrote("class");
        if (on) this.#classes.add(one);
        else this.#classes.delete(one);
      },
      add: (one) => this.classList.toggle(one, true),
      remove: (one) => this.classList.toggle(one, false),
    };
  }

  wrote(what) {
    const cell = this.dataset.p ?? this.parentElement?.dataset.p;
    written.push(`${cell === undefined ? this.name : `cell ${cell}`}: ${what}`);
    return true;
  }

  getAttribute(name) {
    return this.#attributes.get(name) ?? null;
  }
  setAttribute(name, value) {
    this.wrote(name);
    this.#attributes.set(name, String(value));
  }
  removeAttribute(name) {
    this.wrote(name);
    this.#attributes.delete(name);
  }
  hasAttribute(name) {
    return this.#attributes.has(name);
  }

  append(...more) {
    this.wrote("children");
    for (const one of more) if (one instanceof Fake) one.parentElement = this;
    this.children.push(...more);
  }
  replaceChildren(...all) {
    this.children = [];
    this.append(...all);
  }
  remove() {
    this.wrote("gone");
  }
  hasChildNodes() {
    return this.children.length > 0;
  }
  get firstChild() {
    return this.children[0] ?? null;
  }
  get lastElementChild() {
    return this.children.at(-1) ?? null;
  }

  querySelector(selector) {
    if (!this.#found.has(selector)) {
      const child = new Fake(selector);
      child.parentElement = this;
      this.#found.set(selector, child);
    }
    return this.#found.get(selector);
  }
  querySelectorAll(selector) {
    return this.children.length ? this.children : [this.querySelector(selector)];
  }

  matches() {
    return false;
  }
  closest() {
    return null;
  }
  contains() {
    return false;
  }
  addEventListener() {}

  /** All of its drawing is a write. */
  getContext() {
    const draw = () => this.wrote("picture");
    return new Proxy(
      { createImageData: (w, h) => ({ data: new Uint8ClampedArray(4 * w * h) }) },
      { get: (own, name) => own[name] ?? draw, set: draw },
    );
  }
}

// In place of a browser's, before any script of the page is read.
const kinds = ["HTMLElement", "HTMLInputElement", "HTMLSelectElement", "HTMLCanvasElement"];
for (const kind of [...kinds, "HTMLTextAreaElement", "SVGElement", "SVGPathElement", "Element"])
  globalThis[kind] = Fake;
Object.assign(globalThis, {
  document: { createElement: (tag) => new Fake(tag), activeElement: null },
  window: { addEventListener() {} },
  matchMedia: () => ({ matches: true }),
  getComputedStyle: () => ({ getPropertyValue: () => "" }),
  ImageData: class {
    constructor(width, height) {
      Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) });
    }
  },
  ResizeObserver: class {
    observe() {}
  },
});

export const newRoot = () => new Fake("root");
