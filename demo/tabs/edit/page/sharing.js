// What leaves the editor, and what is brought into it by the clipboard or as a file.

import { make } from "../../../page/dom.js";
import { fileIn } from "../../../page/drawing/pasting.js";
import { forSending } from "../../../page/drawing/sending.js";
import { pngOf } from "../../../page/packed.js";
import { Grid } from "./state/grid.js";
import { ref } from "./view/paint.js";

export class Sharing {
  /**
   * @param {HTMLElement} root @param {import("./edits.js").Shared} shared
   * @param {{wire: import("../../../page/wire.js").Wire, opening: import("./opening.js").Opening,
   *   edits: import("./edits.js").Edits, take: (code: number) => void, focusCell: () => void}} parts
   */
  constructor(root, { state, update, say }, { wire, opening, edits, take, focusCell }) {
    this.root = root;
    this.state = state;
    this.update = update;
    this.say = say;
    this.wire = wire;
    this.opening = opening;
    this.edits = edits;
    this.take = take;
    this.focusCell = focusCell;
    /** What the server last made of the grid. @type {{png: string, json: string} | null} */
    this.shared = null;
  }

  // ---- out ----

  /** Fills the panel with the grid in all its forms. */
  async share() {
    const { info, side } = this.state,
      field = (/** @type {string} */ name) => ref(this.root, name, HTMLInputElement);
    const answer = await this.wire.ask("edit_share", {
      model: info.model,
      indices: Grid.rows(side.flat, info.w),
    });
    if (!answer) return;
    if (!answer.ok) {
      this.say(answer.error ?? "", { bad: true });
      return;
    }
    this.shared = { png: answer.png, json: answer.json };
    const link = new URL(location.pathname, location.origin);
    link.searchParams.set("model", info.model);
    link.searchParams.set("grid", answer.text);
    field("shareText").value = answer.text;
    field("shareJson").value = answer.json;
    field("shareLink").value = link.href;
    ref(this.root, "shareSize").textContent =
      `${answer.size[0]} × ${answer.size[1]} pixels; it holds the codes too and opens as this grid`;
  }

  savePng() {
    if (this.shared) this.save(pngOf(this.shared.png), "grid.png");
  }

  saveJson() {
    if (this.shared)
      this.save(`data:application/json,${encodeURIComponent(this.shared.json)}`, "grid.json");
  }

  /** @param {string} href @param {string} name */
  save(href, name) {
    make("a", "", { href, download: name }).click();
    this.say(`Saved ${name}.`);
  }

  /** The selected cells, as a text for the clipboard. */
  copy() {
    const { state } = this,
      { side, info } = state,
      region = Grid.bounds(side.selection(), info.w);
    state.clip = Grid.copy(side.flat, region, info.w);
    this.say(`Copied ${region.rows} × ${region.columns} cells.`);
    this.update();
    return JSON.stringify({ patch: state.clip });
  }

  /** Onto the clipboard, where the browser allows it; the editor's own one holds it all the same. */
  copyOut() {
    const text = this.copy();
    navigator.clipboard?.writeText(text).catch(() => {});
  }

  // ---- in ----

  /** @param {import("./state/grid.js").Patch | null} patch */
  paste(patch = this.state.clip) {
    if (!patch) return;
    this.edits.paste(patch);
    this.focusCell();
  }

  /** Cells, a code, a picture, or a grid's text. @param {DataTransfer | null} data */
  bring(data) {
    const file = fileIn(data),
      { K } = this.state.info;
    if (file) {
      this.upload(file);
      return;
    }
    const text = data?.getData("text/plain").trim() ?? "",
      patch = Grid.readPatch(text, K);
    if (patch) this.paste(patch);
    else if (/^\d{1,5}$/.test(text) && Number(text) < K) this.take(Number(text));
    else if (text.startsWith('{"patch"'))
      this.say(`The cells copied are of another model: its codes go beyond ${K - 1}.`, {
        bad: true,
      });
    else if (text) void this.opening.load({ kind: "text", text });
  }

  /** @param {File} file */
  upload(file) {
    this.say("Reading the file…");
    const sent = async () =>
      /** @type {const} */ ({ kind: "picture", file: await forSending(file) });
    void this.opening.load(sent());
  }
}
