// @ts-check
// The side of the engine that answers: messages in, messages out, in a worker or in the page
// itself.

import { changes, errorMap, psnr, ssim } from "./metrics.js";
import { VQVAE } from "./model.js";

/**
 * A message asks {id, method, args}, and is answered with {id, value} or {id, error}, one sentence;
 * previews come before that, as several {id, part}. {id, stop: true} ends previews early.
 * @typedef {{id: number, method?: string, args?: any[], stop?: boolean}} Message
 * @typedef {{id: number, value?: any, error?: string, part?: import("./model.js").Previews}} Answer
 */

const BUDGET = 6; // ms of previews at a time: as long may another question wait for them
const METHODS = new Set([
  "latents",
  "encode",
  "nearest",
  "distances",
  "embed",
  "decode",
  "decodeLatents",
  "tiles",
]);

/** Lets other questions in; setTimeout would wait for 4 ms. */
function breath() {
  const { port1, port2 } = new MessageChannel();
  return new Promise((go) => {
    port1.onmessage = () => {
      port1.close();
      go(undefined);
    };
    port2.postMessage(0);
  });
}

/** @returns {(message: Message, post: (answer: Answer) => void) => Promise<void>} */
export function answering() {
  /** @type {VQVAE | null} */
  let model = null;
  /** @type {Set<number>} numbers of the previews at work */
  const running = new Set();

  /** @param {Message} message @param {(answer: Answer) => void} post */
  async function answer({ id, method = "", args = [] }, post) {
    if (method === "load") {
      model = VQVAE.load(args[0], args[1]);
      return model.config;
    }
    if (!model) throw new Error("No model is loaded yet.");
    if (method === "previews") return previews(model, args, id, post);
    if (method === "reconstruct") return reconstruct(model, args[0]);
    if (method === "changes") return changes(model, args[0], args[1], args[2]);
    if (!METHODS.has(method)) throw new Error(`The engine knows no ${method}.`);
    return /** @type {any} */ (model)[method](...args);
  }

  /**
   * A picture through the model: its latents and codes, what comes back of them, and the error.
   * @param {VQVAE} of @param {ArrayLike<number>} x
   */
  function reconstruct(of, x) {
    const z = of.latents(x),
      indices = of.nearest(z),
      recon = of.decode(indices);
    return {
      latents: z,
      indices,
      recon,
      error: errorMap(x, recon, of.config.channels),
      psnr: psnr(x, recon),
      ssim: ssim(x, recon, of.config),
    };
  }

  /**
   * Part by part, with a pause between: other questions are answered then, and `stop` is heard.
   * @param {VQVAE} of @param {any[]} args @param {number} id @param {(answer: Answer) => void} post
   */
  async function previews(of, [indices, cells, codes], id, post) {
    const count = codes ? codes.length : of.config.codebook_size;
    running.add(id);
    for (let from = 0; from < count && running.has(id);) {
      const part = of.previews(indices, cells, { codes, from, budget: BUDGET });
      post({ id, part });
      from = part.to;
      await breath();
    }
  }

  return async (message, post) => {
    if (message.stop) return void running.delete(message.id);
    try {
      post({ id: message.id, value: await answer(message, post) });
    } catch (error) {
      post({ id: message.id, error: error instanceof Error ? error.message : String(error) });
    }
    running.delete(message.id);
  };
}
