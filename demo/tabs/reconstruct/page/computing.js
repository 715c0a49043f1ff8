// A picture through the model, computed in the page, or asked of the server where the page cannot.
// A Wire asks it as it asks a server; its answers hold numbers and pixels ready to be used.

import { psnr } from "../../../../vqvae/engine/metrics.js";
import { drawingToInput } from "../../../page/drawing/layout.js";
import { bytesOfPicture, engineFor } from "../../../page/engine.js";
import { bytesOf, floatsOf, imageOf } from "../../../page/packed.js";
import { pixelsOf, sizeOf } from "../../../page/pixels.js";

const EQUAL = 99.9; // dB; the engine's PSNR ends at 100

/**
 * What is on the pad, as drawing_to_input (demo/pictures/input.py) takes it.
 * @typedef {object} Asked
 * @property {string} source
 * @property {boolean} tidy
 * @property {string | null} taken the input that the server made of a file, a PNG
 * @property {() => ImageData} pixels of the pad
 * @property {() => string} png of the pad
 * @property {number} [n]
 */

/**
 * The latents decoded without quantization: bytes, and dB, null at its ceiling.
 * @typedef {{picture: Uint8ClampedArray | Uint8Array, psnr: number | null}} Unquantized
 */

export class Computing {
  /** @param {Record<string, (request: object) => Promise<any>>} server */
  constructor(server) {
    this.server = server;
    /** @type {import("../../../../vqvae/engine/client.js").Client | null} */
    this.engine = null;
    /** @type {any} what the server says of the model */
    this.model = null;
  }

  /** What a Wire may ask. @returns {import("../../../page/wire.js").Server} */
  questions() {
    return { reconstruct: (/** @type {any} */ asked) => this.reconstruct(asked) };
  }

  /**
   * From now on all is about this model; until its weights are here, the server computes. Resolves
   * to whether the page does.
   * @param {any} model the server's `open_model`
   */
  async open(model) {
    Object.assign(this, { model, engine: null });
    const engine = await engineFor(model);
    if (this.model === model) this.engine = engine;
    return this.engine !== null;
  }

  /**
   * The picture at every stage, or {nothing: why} where there is nothing to see. What comes of the
   * latents without quantization is promised alone: no stroke waits for it. @param {Asked} asked
   */
  async reconstruct({ source, tidy, taken, pixels, png, n }) {
    const { engine, model } = this,
      size = sizeOf(model.size);
    const input =
      engine &&
      drawingToInput(
        taken === null ? pixels() : pixelsOf(await imageOf(taken)),
        size,
        model.style,
        { source, tidy },
      );
    if (!engine || !input) {
      const answer = await this.server.reconstruct({
        model: model.model,
        image: taken ?? png(),
        source,
        tidy,
        n,
      });
      return answer?.ok && !answer.nothing ? { ...answer, ...unpacked(answer) } : answer;
    }
    if (!input.pixels) return { ok: true, n, nothing: input.did };
    try {
      const x = Float32Array.from(input.pixels, (value) => value / 255);
      const { latents, indices, error, ssim, ...drawn } = await engine.ask("reconstruct", [x]);
      const z_e = Float32Array.from(latents), // the engine uses its own again
        recon = bytesOfPicture(drawn.recon);
      return {
        ok: true,
        n,
        ssim,
        psnr: decibels(x, recon),
        did: input.did,
        input: input.pixels,
        latents: z_e,
        indices: [...indices],
        recon,
        unquantized: unquantized(engine, z_e, x),
        error: bytesOfPicture(error),
      };
    } catch (error) {
      const again = Boolean(engine.closed); // it has stopped: the server is asked next
      if (again) this.engine = null;
      return { ok: false, n, again, error: error instanceof Error ? error.message : String(error) };
    }
  }
}

/**
 * Computed beside the page; undefined where a newer one is wanted by then.
 * @param {import("../../../../vqvae/engine/client.js").Client} engine
 * @param {Float32Array} latents @param {Float32Array} x
 * @returns {Promise<Unquantized | undefined>}
 */
async function unquantized(engine, latents, x) {
  const options = { lane: "unquantized", aside: true };
  const floats = await engine.ask("decodeLatents", [latents], options).catch(() => undefined);
  const picture = floats && bytesOfPicture(floats);
  return picture && { picture, psnr: decibels(x, picture) };
}

/**
 * The PSNR of what is shown, as Edit has it, too; null at its ceiling, where the pictures are equal.
 * @param {Float32Array} x @param {Uint8ClampedArray} shown
 */
function decibels(x, shown) {
  const figure = psnr(
    x,
    Float32Array.from(shown, (value) => value / 255),
  );
  return figure >= EQUAL ? null : figure;
}

/** @param {Record<string, any>} answer */
const unpacked = (answer) => ({
  latents: answer.latents && floatsOf(answer.latents),
  unquantized: Promise.resolve({
    picture: bytesOf(answer.unquantized),
    psnr: answer.psnr_unquantized,
  }),
  ...Object.fromEntries(["input", "recon", "error"].map((name) => [name, bytesOf(answer[name])])),
});
