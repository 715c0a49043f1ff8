// @ts-check
// The one object that a page asks: the methods of VQVAE as promises, answered by a worker, and in
// the page itself where no worker can be had or the answer takes less than half a frame: threads
// that meet twice for it would wait for each other, most of all on a busy machine.

import { answering } from "./answering.js";

/**
 * @typedef {import("./answering.js").Answer} Answer
 * @typedef {import("./answering.js").Message} Message
 * @typedef {(part: import("./model.js").Previews) => void} OnPart
 */

const PATIENCE = 5000; // ms that a worker may take to begin
const HOLD = 8; // ms that an answer may hold the page: half a frame
const SETTLED = 500; // ms after which the page, busy opening at first, gets the model too
/** What would hold the page for long, and loading itself: the worker alone does it. */
const LONG = new Set(["load", "previews", "changes", "tiles"]);

export class Client {
  /**
   * A model, ready to be asked. Rejects with one sentence when it cannot be loaded.
   * @param {object} config
   * @param {Uint8Array | ArrayBuffer | Promise<ArrayBuffer>} weights as for VQVAE.load; where they
   *   are promised, the worker begins while they come
   * @param {string | URL | null} [worker] the address of worker.js; null: answer in the page
   */
  static async load(config, weights, worker = new URL("./worker.js", import.meta.url)) {
    const beginning = worker === null ? null : begin(worker);
    const [begun, bytes] = await Promise.all([beginning, weights]).catch(async (error) => {
      (await beginning)?.terminate();
      throw error;
    });
    const client = new Client(begun);
    client.config = await client.ask("load", [config, bytes]);
    if (client.worker)
      setTimeout(
        () => client.here({ id: 0, method: "load", args: [config, bytes] }, client.readied),
        SETTLED,
      );
    return client;
  }

  /** @param {Worker | null} worker */
  constructor(worker) {
    /** @type {any} the model's, once it is loaded */
    this.config = null;
    this.worker = worker;
    /** Why it can be asked no more; "" while it can. */
    this.closed = "";
    this.asked = 0;
    /**
     * @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void, onPart?:
     * OnPart}>}
     */
    this.waiting = new Map();
    /** @type {Map<string, {busy: Message, next: Message | null}>} */
    this.lanes = new Map();
    this.here = answering();
    /** What an answer in the page takes, ms, by method, of late; null while it has no model. */
    /** @type {Map<string, number> | null} */
    this.took = null;
    /** @param {Answer} answer */
    this.readied = ({ error }) => {
      if (error === undefined) this.took = new Map();
    };
    /** @type {(message: Message) => void} */
    this.send = worker
      ? (message) => worker.postMessage(message)
      : (message) => void setTimeout(() => this.here(message, (answer) => this.hear(answer)));
    if (worker) worker.onmessage = ({ data }) => this.hear(data);
    if (worker) worker.onerror = () => this.close("The engine has stopped; reload the page.");
  }

  /**
   * Questions of one lane are for what changes all the time, such as a stroke: one is at work, the
   * newest waits for it, and all that are stale by then resolve to undefined at once; their answers
   * are dropped.
   * @param {string} method of VQVAE, "previews", "reconstruct" or "changes" (answering.js) @param
   *   {any[]} args
   * @param {{lane?: string, aside?: boolean, onPart?: OnPart}} [options] aside: by the worker, for
   *   the page has enough to do; onPart: receives previews as they are done
   * @returns {Promise<any>}
   */
  ask(method, args, { lane, aside = false, onPart } = {}) {
    if (this.closed) return Promise.reject(new Error(this.closed));
    const message = { id: ++this.asked, method, args };
    return new Promise((resolve, reject) => {
      this.waiting.set(message.id, { resolve, reject, onPart });
      if (!aside && this.isQuick(method)) this.answerHere(message, lane);
      else if (lane === undefined) this.send(message);
      else this.queue(lane, message);
    });
  }

  /** Whether the page answers itself; what was too slow is tried again later. @param {string} method */
  isQuick(method) {
    if (!this.took || LONG.has(method)) return false;
    const took = this.took.get(method) ?? 0;
    if (took > HOLD) this.took.set(method, 0.99 * took);
    return took <= HOLD;
  }

  /** Answered before anything else happens in the page. @param {Message} message @param {string} [lane] */
  answerHere(message, lane) {
    const stale = this.lanes.get(lane ?? "");
    if (stale?.next) this.drop(stale.next);
    if (stale) {
      this.drop(stale.busy);
      stale.next = null;
    }
    const { method = "" } = message,
      start = performance.now();
    void this.here(message, (answer) => {
      const took = this.took?.get(method) ?? 0;
      this.took?.set(method, 0.7 * took + 0.3 * (performance.now() - start));
      this.hear(answer);
    });
  }

  /** @param {string} lane @param {Message} message */
  queue(lane, message) {
    const line = this.lanes.get(lane);
    if (!line) {
      this.lanes.set(lane, { busy: message, next: null });
      return this.send(message);
    }
    this.drop(line.busy);
    if (line.next) this.drop(line.next);
    line.next = message;
  }

  /** Nobody wants this answer any more. @param {Message} message */
  drop({ id, method }) {
    if (method === "previews") this.send({ id, stop: true });
    this.waiting.get(id)?.resolve(undefined);
    this.waiting.delete(id);
  }

  /** @param {Answer} answer */
  hear({ id, part, value, error }) {
    const waiting = this.waiting.get(id);
    if (part) return waiting?.onPart?.(part);
    this.waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
    for (const [lane, { busy, next }] of this.lanes) {
      if (busy.id !== id) continue;
      this.lanes.delete(lane);
      if (next) this.queue(lane, next);
    }
  }

  /** Let go of the worker; what was asked and not answered is rejected. @param {string} [why] */
  close(why = "The engine was closed.") {
    this.closed = why;
    this.worker?.terminate();
    for (const { reject } of this.waiting.values()) reject(new Error(why));
    this.waiting.clear();
  }
}

/**
 * A worker that has begun, or null where none can be had. @param {string | URL} address @returns
 * {Promise<Worker | null>}
 */
function begin(address) {
  return new Promise((resolve) => {
    try {
      const worker = new Worker(address, { type: "module" });
      const late = setTimeout(() => {
        worker.terminate();
        resolve(null);
      }, PATIENCE);
      const give = (/** @type {Worker | null} */ result) => {
        clearTimeout(late);
        resolve(result);
      };
      worker.onmessage = () => give(worker);
      worker.onerror = () => give(null);
    } catch {
      resolve(null); // no workers here, or none from this address
    }
  });
}
