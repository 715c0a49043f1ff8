// What the editor wants to know of its model: computed in the page, or asked of the server where
// the page cannot. A Wire asks it as it asks a server; its answers hold numbers and pixels ready to
// be used.

import { bytesOfPicture, engineFor } from "../../../page/engine.js";
import { bytesOf, floatsOf, packed } from "../../../page/packed.js";
import { Grid } from "./state/grid.js";

const TRIED = 24; // codes put into a cell to measure what it can move
const CHUNK = 32; // previews in one answer of the page
const EVERY = 1024; // most codes that are all previewed in the page, not only those in view
const VISIBLE = 0.5 / 255; // less is nothing that an eight-bit picture shows

/** @typedef {import("../../../../vqvae/engine/client.js").Client} Client */

/**
 * A question: the grid, row by row, and what it is about.
 * @typedef {{flat: number[], n?: number, cells?: number[], candidates?: number[], cell?: number,
 *   effect?: boolean, pixels?: Uint8Array, input?: string, moving?: boolean}} Asked `pixels`: the
 *   input; `input`: the same in base64; `moving`: by a brush, whose next cell may not wait for it
 */

export class Computing {
  /** @param {Record<string, (request: object) => Promise<any>>} server */
  constructor(server) {
    this.server = server;
    /** @type {Client | null} */
    this.engine = null;
    /** @type {any} what the server says of the model */
    this.info = null;
    /** The latents of an input. @type {WeakMap<Uint8Array, Promise<Float64Array>>} */
    this.latents = new WeakMap();
    /** The picture that previews were made of last, and its grid. */
    this.base = { grid: "", picture: new Uint8ClampedArray() };
  }

  /** What a Wire may ask. @returns {import("../../../page/wire.js").Server} */
  questions() {
    const put = (/** @type {(asked: any) => Promise<any>} */ question) => question.bind(this);
    return { commit: put(this.commit), previews: put(this.previews), cell: put(this.cell) };
  }

  /**
   * From now on all is about this model; until its weights are here, the server computes. Resolves
   * to whether the page does.
   * @param {any} info the server's `edit_model`
   */
  async open(info) {
    Object.assign(this, { info, engine: null, latents: new WeakMap(), base: { grid: "" } });
    const engine = await engineFor(info);
    if (this.info === info) this.engine = engine;
    return this.engine !== null;
  }

  /** How many previews one question may ask for. */
  get chunk() {
    return this.engine ? CHUNK : this.info.chunk;
  }

  /** Whether all codes may be previewed, not only those in view. */
  get every() {
    return this.engine !== null && this.info.K <= EVERY;
  }

  /** The picture of a grid. @param {Asked} asked */
  async commit({ flat, n, moving = false }) {
    const { engine } = this;
    if (!engine)
      return this.ask("edit_commit", { flat, n }, (answer) => ({ pixels: bytesOf(answer.pixels) }));
    return this.attempt(n, async () => ({
      pixels: bytesOfPicture(await engine.ask("decode", [flat], { aside: moving })),
    }));
  }

  /**
   * The picture with some cells set to each candidate in turn, one after the other in `pixels`.
   * @param {Asked} asked
   */
  async previews({ flat, cells = [], candidates = [], n }) {
    const { engine } = this;
    if (!engine) {
      return this.ask("edit_previews", { flat, cells, candidates, n }, (answer) => ({
        candidates,
        pixels: bytesOf(answer.pixels),
      }));
    }
    return this.attempt(n, async () => {
      const picture = await this.drawn(engine, flat),
        size = picture.length;
      const pixels = new Uint8ClampedArray(size * candidates.length),
        { width, channels } = this.info;
      for (let at = 0; at < pixels.length; at += size) pixels.set(picture, at);
      await engine.ask("previews", [flat, cells, candidates], {
        onPart({ from, to, window: { top, left, bottom, right }, pixels: parts }) {
          const row = (right - left) * channels;
          let read = 0;
          for (let number = from; number < to; number++) {
            for (let y = top; y < bottom; y++, read += row) {
              pixels.set(
                parts.subarray(read, read + row),
                number * size + (y * width + left) * channels,
              );
            }
          }
        },
      });
      return { candidates, pixels };
    });
  }

  /**
   * The picture of a grid, which is the same for many previews. @param {Client} engine @param
   * {number[]} flat
   */
  async drawn(engine, flat) {
    const grid = flat.join();
    if (grid !== this.base.grid)
      this.base = { grid, picture: bytesOfPicture(await engine.ask("decode", [flat])) };
    return this.base.picture;
  }

  /**
   * The quantization layer at one cell, in its own numbers, and what the cell can move. @param
   * {Asked} asked
   */
  async cell({ flat, input = "", pixels, cell = 0, effect = false, n }) {
    const { engine } = this;
    if (!engine || !pixels) {
      return this.ask("edit_cell", { flat, input, cell, effect, n }, (answer) => ({
        ...answer,
        distances: floatsOf(answer.distances),
        similarity: floatsOf(answer.similarity),
        effect: answer.effect && { ...answer.effect, map: bytesOf(answer.effect.map) },
      }));
    }
    return this.attempt(n, async () => {
      const { D } = this.info,
        held = flat[cell];
      const at = (/** @type {Float64Array} */ latents) => latents.slice(cell * D, (cell + 1) * D);
      const [z_e, z_q] = (
        await Promise.all([this.encoded(pixels), engine.ask("embed", [flat])])
      ).map(at);
      const [distances, similarity] = await Promise.all(
        [z_e, z_q].map((z) => engine.ask("distances", [z])),
      );
      const nearest = distances.indexOf(Math.min(...distances));
      return {
        cell,
        z_e: [...z_e],
        z_q: [...z_q],
        distances,
        similarity,
        nearest,
        held,
        step: Math.hypot(...z_q.map((value, d) => value - z_e[d])),
        effect: effect ? await this.effect(engine, flat, cell, similarity) : undefined,
      };
    });
  }

  /**
   * The largest change of each pixel over up to TRIED other codes in a cell. They are spread evenly
   * over the ranks of their distance to the code there, the farthest among them.
   * @param {Client} engine @param {number[]} flat @param {number} cell
   * @param {Float64Array} similarity
   */
  async effect(engine, flat, cell, similarity) {
    const others = [...similarity.keys()]
      .filter((code) => code !== flat[cell])
      .sort((a, b) => similarity[a] - similarity[b]);
    const tried = Math.min(TRIED, others.length);
    const codes = Array.from(
      { length: tried },
      (_, rank) => others[Math.floor((2 * (rank + 1) * others.length + tried) / (2 * tried)) - 1],
    );
    /** @type {Float32Array} */
    const moved = (await engine.ask("changes", [flat, cell, codes])).map((v) =>
      v > VISIBLE ? v : 0,
    );
    const peak = moved.reduce((a, b) => Math.max(a, b), 0);
    return {
      map: Uint8ClampedArray.from(moved, (v) => (255 * v) / Math.max(peak, 1e-9)),
      peak,
      tried,
      moved: moved.reduce((count, v) => count + (v > 0 ? 1 : 0), 0),
    };
  }

  /** A grid of codes at random, as the server's `edit_open` gives one. */
  async random() {
    const { h, w, K } = this.info,
      flat = Array.from({ length: h * w }, () => Math.floor(K * Math.random()));
    const { pixels, ...answer } = await this.commit({ flat });
    const text = pixels && packed(pixels);
    return {
      ...answer,
      indices: Grid.rows(flat, w),
      pixels: text,
      input: text,
      stand_in: true,
      about: "random grid",
    };
  }

  /** What the encoder says of an input; once for each. @param {Uint8Array} pixels */
  encoded(pixels) {
    let latents = this.latents.get(pixels);
    if (!latents && this.engine) {
      latents = this.engine.ask("latents", [Float32Array.from(pixels, (v) => v / 255)]);
      this.latents.set(pixels, latents);
    }
    return latents;
  }

  /**
   * @param {string} question @param {Asked} asked
   * @param {(answer: any) => object} unpacked what takes the place of an answer's packed fields
   */
  async ask(question, { flat, ...more }, unpacked) {
    const { model, w } = this.info;
    const answer = await this.server[question]({ ...more, model, indices: Grid.rows(flat, w) });
    return answer?.ok ? { ...answer, ...unpacked(answer) } : answer;
  }

  /**
   * As an answer of the server; where the engine has stopped, the server is asked next.
   * @param {number | undefined} n @param {() => Promise<object>} work
   */
  async attempt(n, work) {
    try {
      return { ok: true, n, ...(await work()) };
    } catch (error) {
      const again = Boolean(this.engine?.closed);
      if (again) this.engine = null;
      return { ok: false, n, again, error: error instanceof Error ? error.message : String(error) };
    }
  }
}
