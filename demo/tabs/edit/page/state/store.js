// Keeps the edits of each model over a reload. A window has its own copy (sessionStorage), so that
// two windows do not disturb each other; the latest state of all is kept beside it (localStorage)
// for a window that opens with none.

/**
 * A place to keep things; null where the browser forbids it. @param {"sessionStorage" |
 * "localStorage"} name
 */
function storage(name) {
  try {
    return window[name];
  } catch {
    return null;
  }
}

export class Store {
  /** @param {() => void} onFull told when it can keep no more */
  static ofBrowser(onFull) {
    return new Store(storage("sessionStorage"), storage("localStorage"), onFull);
  }

  constructor(own, latest, onFull = () => {}) {
    this.own = own;
    this.latest = latest;
    this.onFull = onFull;
  }

  static key(info) {
    return `vq-edit:${info.model}:${info.fingerprint}`;
  }

  save(info, state) {
    const key = Store.key(info);
    this.write(this.own, key, state);
    this.write(this.latest, key, state);
  }

  load(info) {
    for (const place of [this.own, this.latest]) {
      try {
        const state = JSON.parse(place.getItem(Store.key(info)));
        if (state && state.version === 1) return state;
      } catch {
        /* damaged or forbidden: as if nothing had been kept */
      }
    }
    return null;
  }

  // Where the browser gives no more room, other models' edits in this place go first; then the page
  // says so.
  write(place, key, state) {
    const text = JSON.stringify({ ...state, version: 1 });
    try {
      place.setItem(key, text);
      return;
    } catch {
      /* full or forbidden */
    }
    try {
      if (place === this.latest)
        for (let n = place.length - 1; n >= 0; n--) {
          const other = place.key(n);
          if (other && other.startsWith("vq-edit:") && other !== key) place.removeItem(other);
        }
      place.setItem(key, text);
    } catch {
      if (place === this.own) this.onFull();
    }
  }
}
