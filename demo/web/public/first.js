// Runs before anything else on the page.
(() => {
  // "/vq" instead of "/vq/": the page's relative addresses would lead out of the sub-path.
  const { pathname, search, hash } = location;
  if (!pathname.endsWith("/")) location.replace(`${pathname}/${search}${hash}`);

  // Where a browser blocks site data, reading window.localStorage throws; in some private windows,
  // writing to it does. So does then all that uses it unguarded, as Gradio does. The page instead
  // remembers until it is left.
  class Forgetful {
    #kept = new Map();
    get length() {
      return this.#kept.size;
    }
    key(n) {
      return [...this.#kept.keys()][n] ?? null;
    }
    getItem(key) {
      return this.#kept.get(String(key)) ?? null;
    }
    setItem(key, value) {
      this.#kept.set(String(key), String(value));
    }
    removeItem(key) {
      this.#kept.delete(String(key));
    }
    clear() {
      this.#kept.clear();
    }
  }
  for (const place of ["localStorage", "sessionStorage"]) {
    let kept = 0;
    try {
      kept = window[place].length;
      window[place].setItem("vq-probe", "");
      window[place].removeItem("vq-probe");
    } catch {
      if (kept) continue; // full, and what is in it is still worth reading
      Object.defineProperty(window, place, { value: new Forgetful(), configurable: true });
    }
  }
})();
