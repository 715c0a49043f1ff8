// A request that is refused on its way, by the app or by a proxy before it, is told as a refusal:
// in the form in which whoever asked expects an answer. A component's script gets {ok: false,
// error}, Gradio's events {detail}, its uploads text.
(() => {
  const ASKS = /\/gradio_api\/(component_server|queue\/join|run\/|upload)/;
  const SAID = {
    401: "The app asks for its password again: reload the page.",
    403: "The server, or a proxy in front of it, does not accept requests from this page.",
    413: "The file is larger than the server, or a proxy in front of it, accepts: make it smaller.",
    429: "Too many requests: wait a moment.",
    507: "The server has no room for that.",
  };
  const real = window.fetch.bind(window);

  // The app's own sentence; a proxy's page is none.
  async function sentence(answer) {
    const text = await answer.text();
    const kind = answer.headers.get("content-type") || "";
    if (kind.startsWith("application/json")) {
      try {
        return JSON.parse(text).detail || SAID[answer.status];
      } catch {
        /* cut off */
      }
    }
    const plain = kind.startsWith("text/plain") && text && text.length < 400;
    return plain ? text : SAID[answer.status];
  }

  window.fetch = async (resource, options) => {
    const answer = await real(resource, options);
    const where = new URL(resource instanceof Request ? resource.url : resource, document.baseURI);
    const asked = where.origin === location.origin && ASKS.exec(where.pathname);
    if (!asked || !SAID[answer.status]) return answer;
    const error = await sentence(answer),
      { status } = answer;
    if (asked[1] === "upload") return new Response(error, { status });
    if (asked[1] !== "component_server") return Response.json({ detail: error }, { status });
    return Response.json({ ok: false, again: status === 429, error });
  };
})();
