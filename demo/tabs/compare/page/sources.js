// Pictures from elsewhere: files, what is pasted, the examples, and the one that the walk leads to.

import { contextOf, find, tell } from "../../../page/dom.js";
import { exampleButtons, exampleCanvas } from "../../../page/drawing/examples.js";
import { LEFT_OUT, takeFiles } from "../../../page/drawing/files.js";
import { imageOf } from "../../../page/packed.js";

const NO_MODELS = "There are no models yet to show it to; train all four below.";
const NOT_READ = "The server does not answer, so the picture was not read; try again.";

export class Sources {
  /**
   * @param {HTMLElement} root
   * @param {ReturnType<typeof import("../../../page/drawing/pad.js").makePad>} pad where they go
   * @param {(file: string) => Promise<any>} read asks the server for a file, base64
   * @param {() => void} onTarget the walk leads elsewhere
   */
  constructor(root, pad, read, onTarget) {
    this.root = root;
    this.pad = pad;
    this.read = read;
    this.onTarget = onTarget;
    /** The server's answer to the opening. @type {any} */
    this.opened = null;
    /** The example that the walk leads to. @type {number | null} */
    this.target = null;
    this.files = takeFiles(root, {
      claim: pad.claim,
      onFile: (name, file, holds) => this.put(name, file, holds),
      say: (text, kind) => this.say(text, kind),
    });
  }

  /** @param {string} [text] */
  say(text = "", kind = "") {
    tell(find(this.root, ".vc-status"), text, kind);
  }

  /** A stroke begins: what is still being read is late. */
  lapse() {
    if (find(this.root, ".vc-status").dataset.kind === "busy") this.say(LEFT_OUT);
  }

  /** A set of models is open, or with null none. @param {any} opened */
  open(opened) {
    this.opened = opened;
    if (!opened) return;
    const { examples } = opened;
    find(this.root, ".vc-examples").replaceChildren(
      ...exampleButtons(opened, "Example", (number) => this.pick(number)),
    );
    find(this.root, ".vc-targets").replaceChildren(
      ...exampleButtons(opened, "Towards", (number) => {
        this.aim(number);
        this.onTarget();
      }),
    );
    find(this.root, ".vc-examples-note").textContent = examples.length ? opened.examples_from : "";
    this.target = null;
    if (examples.length) this.aim(Math.min(7, examples.length - 1));
  }

  /** Base64 of the picture that the walk leads to. @returns {string | null} */
  get end() {
    return this.target === null ? null : this.opened.examples[this.target].pixels;
  }

  /** @param {number} number */
  aim(number) {
    this.target = number;
    this.root
      .querySelectorAll(".vc-targets button")
      .forEach((button, i) => button.setAttribute("aria-pressed", String(i === number)));
  }

  /** @param {number} number @param {boolean} first it came by itself */
  pick(number, first = false) {
    const { examples, size } = this.opened,
      canvas = exampleCanvas(this.opened, number),
      [r, g, b] = contextOf(canvas).getImageData(0, 0, 1, 1).data;
    if (this.target === null || this.target === number) this.aim((number + 7) % examples.length);
    this.pad.show(canvas, { kind: "example", paper: size[2] === 1 ? [0, 0, 0] : [r, g, b], first });
    if (!first) this.say();
  }

  /** @param {string} name @param {string} file base64 @param {() => boolean} holds */
  async put(name, file, holds) {
    if (!this.opened) {
      this.say(NO_MODELS, "error");
      return;
    }
    const owner = this.opened.set;
    const answer = await this.read(file);
    if (!holds()) return;
    if (this.opened?.set !== owner) {
      await this.put(name, file, holds); // other models were chosen meanwhile
      return;
    }
    if (!answer?.ok) {
      this.say(answer ? `${name}: ${answer.error}` : NOT_READ, "error");
      return;
    }
    const { paper, input, did, notes } = answer,
      image = await imageOf(answer.picture);
    if (!holds()) return;
    this.pad.show(image, { kind: "upload", paper, taken: { owner, input, did } });
    this.pad.tool.ink = paper[0] + paper[1] + paper[2] > 382 ? [0, 0, 0] : [255, 255, 255];
    this.say(`${name}${notes.length ? `: ${notes.join(", ")}` : ""}`, "good");
  }

  choose() {
    this.files.choose();
  }
}
