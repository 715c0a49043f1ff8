// The model in the page: one engine for each model, shared by all tabs.

import { Client } from "../../vqvae/engine/client.js";
import { fits, readConfig } from "../../vqvae/engine/config.js";

const KEPT = 3; // engines; who asked least recently loses theirs

/**
 * What the server says of a model that a page may run.
 * @typedef {{config: object, weights: string}} Described `weights` is an address whose content
 *   never changes
 */

/** @typedef {{client: Client | null, loaded: Promise<Client>}} Engine `client` once it is loaded */

/** @type {Map<string, Engine>} by the address of the weights */
const engines = new Map();

/**
 * The engine of a model, ready to be asked; null where the server has to do its work: the model is
 * too heavy for a page, or this browser cannot run or load it.
 * @param {Described} described
 * @returns {Promise<Client | null>}
 */
export async function engineFor({ config, weights }) {
  try {
    if (!fits(readConfig(config))) return null;
    const known = engines.get(weights),
      engine = known && !known.client?.closed ? known : begin(config, weights);
    engines.delete(weights);
    engines.set(weights, engine);
    for (const [address, old] of [...engines].slice(0, -KEPT)) {
      engines.delete(address);
      old.loaded.then(
        (client) => client.close(),
        () => undefined,
      );
    }
    return await engine.loaded;
  } catch (error) {
    console.warn(error);
    engines.delete(weights);
    return null;
  }
}

/** @param {object} config @param {string} weights @returns {Engine} */
function begin(config, weights) {
  /** @type {Engine} */
  const engine = { client: null, loaded: load(config, weights) };
  engine.loaded.then(
    (client) => {
      engine.client = client;
    },
    () => undefined,
  );
  return engine;
}

/** @param {object} config @param {string} weights */
const load = (config, weights) => Client.load(config, bytesAt(weights));

/** @param {string} address */
async function bytesAt(address) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok) throw new Error(await answer.text());
  return answer.arrayBuffer();
}

/** A picture in 0..1 as bytes, rounded as the server rounds. @param {Float32Array} picture */
export const bytesOfPicture = (picture) => Uint8ClampedArray.from(picture, (value) => 255 * value);
