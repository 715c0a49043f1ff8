// Pictures from elsewhere: files, what is pasted, and the examples of a model.

import { contextOf, find, tell } from "../../../page/dom.js";
import { exampleButtons, exampleCanvas } from "../../../page/drawing/examples.js";
import { LEFT_OUT, READING, takeFiles } from "../../../page/drawing/files.js";
import { imageOf } from "../../../page/packed.js";
import { makeWhole } from "./whole.js";

const LOADING = "The model is still being loaded; try again in a moment.";
const NOT_READ = "The server does not answer, so the picture was not read; try again.";
const boxHint = (/** @type {number} */ found) =>
  ["Put the box around it.", "Drag, resize or turn the box."][found] ??
  "Drag or turn the box, or click another digit.";

export class Sources {
  /**
   * @param {HTMLElement} root @param {import("../../../page/wire.js").Wire} wire
   * @param {ReturnType<typeof import("../../../page/drawing/pad.js").makePad>} pad where they go
   * @param {import("./inks.js").Tools} tools
   */
  constructor(root, wire, pad, tools) {
    this.root = root;
    this.wire = wire;
    this.pad = pad;
    this.tools = tools;
    /** The server's answer to the opening. @type {any} */
    this.model = null;
    /** What was brought last. @type {{name: string, file: string} | null} */
    this.upload = null;
    this.fit = find(root, ".vr-fit input", HTMLInputElement);
    this.whole = makeWhole(root, (request) => wire.once("code_whole", request));
    this.files = takeFiles(root, {
      claim: pad.claim,
      onFile: (name, file, holds) => this.put(name, file, holds),
      say: (text, kind) => this.say(text, kind),
    });
    this.fit.addEventListener("change", () => {
      if (this.upload) void this.put(this.upload.name, this.upload.file);
    });
  }

  /** Of the visitor's file. @param {string} [text] */
  say(text = "", kind = "") {
    tell(find(this.root, ".vr-status"), text, kind);
  }

  /** Whether what was brought is on the pad, unchanged. */
  get isOnPad() {
    return !!this.upload && this.pad.state.kind === "upload" && !this.pad.state.touched;
  }

  /** Another model is wanted. */
  close() {
    this.whole.hide();
  }

  /** A model is open. @param {any} model */
  open(model) {
    this.model = model;
    find(this.root, ".vr-examples").replaceChildren(
      ...exampleButtons(model, "Example", (number) => this.pick(number)),
    );
    find(this.root, ".vr-examples-note").textContent = model.examples.length
      ? model.examples_from
      : "";
  }

  /** A stroke begins: what is still being read is late. */
  lapse() {
    if (find(this.root, ".vr-status").dataset.kind === "busy") this.say(LEFT_OUT);
  }

  /**
   * @param {string} name @param {string} file base64 @param {() => boolean} holds whether the
   *   visitor still waits for it
   */
  async put(name, file, holds = this.pad.claim()) {
    if (!this.model) {
      this.say(LOADING, "error");
      return;
    }
    this.say(READING, "busy");
    const mine = { name, file },
      before = this.upload;
    this.upload = mine; // for another model, too, which may be chosen meanwhile
    const shown = await this.read(mine, holds);
    if (!shown && this.upload === mine) this.upload = before;
  }

  /**
   * Whether it is on the pad. @param {{name: string, file: string}} file @param {() => boolean}
   * holds @returns {Promise<boolean>}
   */
  async read({ name, file }, holds) {
    const owner = this.model.model,
      answer = await this.wire.once("open_upload", {
        model: owner,
        file,
        whole: this.fit.checked,
      });
    if (!holds()) return false;
    if (this.model.model !== owner) return this.read({ name, file }, holds);
    if (!answer?.ok) {
      this.say(answer ? `${name}: ${answer.error}` : NOT_READ, "error");
      return false;
    }
    const image = await imageOf(answer.picture);
    if (!holds()) return false;
    this.show(name, file, answer, image);
    return true;
  }

  /**
   * @param {string} name @param {string} file @param {any} answer of the server @param
   * {HTMLImageElement} image
   */
  show(name, file, answer, image) {
    const { model, pad, tools } = this,
      { did, found, place, paper, input, notes } = answer,
      framed = found && { found, place, file };
    find(this.root, ".vr-fit").hidden = !answer.cropped;
    tools.take(framed ? "box" : "draw");
    pad.show(image, { kind: "upload", paper, taken: { owner: model.model, input, did, framed } });
    tools.dip(paper[0] + paper[1] + paper[2] > 382 ? 1 : 0); // shows on this paper
    const noted = notes.length ? `: ${notes.join(", ")}` : "",
      hint = framed ? `. ${boxHint(found.length)}` : "";
    this.say(`${name}${noted}${hint}`, "good");
    find(this.root, ".vr-other").hidden = !model.photos;
    if (model.style)
      this.whole.hide(); // a digit is laid out anew, there is no whole of it
    else this.whole.show(model.model, file);
  }

  /** Once more, for another model. */
  again() {
    return this.upload && this.put(this.upload.name, this.upload.file);
  }

  forget() {
    this.upload = null;
    this.whole.hide();
    find(this.root, ".vr-fit").hidden = find(this.root, ".vr-other").hidden = true;
  }

  /** An example of the model. @param {number} number @param {boolean} first it came by itself */
  pick(number, first = false) {
    const { model, pad } = this,
      canvas = exampleCanvas(model, number),
      [r, g, b] = contextOf(canvas).getImageData(0, 0, 1, 1).data;
    this.forget();
    pad.show(canvas, {
      kind: "example",
      paper: model.size[2] === 1 ? [0, 0, 0] : [r, g, b],
      first,
    });
    this.tools.dip(0);
    if (!first) this.say();
  }

  choose() {
    this.files.choose();
  }
}
