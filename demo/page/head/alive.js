// Is the server there? Said once for the whole page, on every tab: when it is gone, and when it is
// back. Looked at every ten seconds while the page is in sight, and at once when a request fails.
// What Gradio wants to send meanwhile waits and is sent when the server is back: had it failed,
// Gradio would reload the page.
(() => {
  const EVERY = 10_000,
    EVERY_WHILE_GONE = 2_000,
    PATIENCE = 15_000,
    BACK_SHOWN = 6_000,
    AGAIN = 1_000;
  const EVENT = /\/gradio_api\/(run\/|queue\/join)/;
  const GONE =
    "The server does not answer. What you see and edit is kept here; the page goes on by itself when the " +
    "server is back.";
  const NEEDED = "This needs the server, which does not answer.";
  const real = window.fetch.bind(window);
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const address = (resource) =>
    new URL(resource instanceof Request ? resource.url : resource, document.baseURI);
  const known = () => /** @type {any} */ (window).gradio_config || {};
  /** @type {string | null} */
  let app = null;
  /** @type {Promise<void> | null} */
  let looking = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {((value?: unknown) => void)[]} */
  let waiting = [];
  let gone = false,
    strange = false;
  /** @returns {NodeListOf<HTMLElement>} the buttons of what only the server can do */
  const needing = () => document.querySelectorAll("[data-needs-server]");

  // The id of the running app: null where nobody answers, the known one where somebody does but
  // will not say.
  async function askId() {
    try {
      const answer = await real(new URL("gradio_api/app_id", document.baseURI), {
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (answer.status >= 502) return null; // a proxy, in the server's place
      return answer.ok ? (await answer.json()).app_id : app;
    } catch {
      return null;
    }
  }

  function look() {
    looking ??= (async () => {
      clearTimeout(timer);
      app ??= known().app_id;
      let id = await askId();
      if (id === null && !gone) {
        await pause(1000);
        id = await askId();
      } // one lost packet is no news
      if (id === null) left();
      else if (gone || id !== app) await returned(id);
      looking = null;
      if (!document.hidden && !strange) timer = setTimeout(look, gone ? EVERY_WHILE_GONE : EVERY);
    })();
    return looking;
  }

  function left() {
    if (gone) return;
    gone = true;
    document.body.classList.add("vq-gone");
    for (const button of needing()) {
      button.dataset.title = button.title;
      button.title = NEEDED;
      button.setAttribute("aria-disabled", "true");
    }
    say(GONE);
  }

  async function returned(id) {
    const restarted = id !== app;
    if (restarted && !(await isSamePage())) {
      strange = true;
      say("The app was changed meanwhile. Reload the page to go on; your edits are kept.", true);
      return;
    }
    app = id;
    gone = false;
    document.body.classList.remove("vq-gone");
    for (const button of needing()) {
      button.title = button.dataset.title ?? "";
      button.removeAttribute("aria-disabled");
    }
    window.dispatchEvent(new Event("vq-back"));
    waiting.forEach((go) => go());
    waiting = [];
    say("The server is back, and nothing here is lost.");
    setTimeout(() => gone || strange || say(""), BACK_SHOWN);
    // A server that was started again has forgotten what this page was looking at.
    if (restarted)
      setTimeout(
        () => /** @type {HTMLElement | null} */ (document.querySelector("#vq-again"))?.click(),
        AGAIN,
      );
  }

  // Events go by number: after an update of the app they may mean something else.
  async function isSamePage() {
    const shape = ({ components = [], dependencies = [] }) =>
      JSON.stringify([
        components.map((one) => [one.id, one.type]),
        dependencies.map((one) => [one.id, one.targets, one.inputs, one.outputs]),
      ]);
    try {
      const answer = await real(new URL("config", document.baseURI), { cache: "no-store" });
      return shape(await answer.json()) === shape(known());
    } catch {
      return false;
    }
  }

  window.fetch = async (resource, options) => {
    const where = address(resource),
      isEvent = where.origin === location.origin && EVENT.test(where.pathname);
    for (;;) {
      if (gone && isEvent) await new Promise((go) => waiting.push(go));
      try {
        return await real(resource, options);
      } catch (error) {
        if (where.origin !== location.origin || error.name === "AbortError") throw error;
        const looked = look();
        if (!isEvent) throw error;
        await looked;
        if (!gone) throw error;
      }
    }
  };

  const box = document.createElement("div"),
    words = document.createElement("span");
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    hidden: true,
    textContent: "Reload",
  });

  function say(text, reload = false) {
    words.textContent = text;
    button.hidden = !reload;
    box.dataset.shown = String(Boolean(text));
  }

  function start() {
    box.id = "vq-alive";
    words.setAttribute("role", "status");
    box.append(words, button);
    button.addEventListener("click", () => location.reload());
    document.body.append(box);
    timer = setTimeout(look, EVERY);
    document.addEventListener("visibilitychange", () =>
      document.hidden ? clearTimeout(timer) : look(),
    );
    window.addEventListener("online", look);
  }
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
