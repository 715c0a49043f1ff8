// The box on a photo of digits, and the server's question of what lies in it: the reconstruction follows.

import { find } from "../../../page/dom.js";
import { makeFraming } from "../../../page/drawing/framing.js";

/** @typedef {import("../../../page/drawing/pad.js").Taken} Taken */

/**
 * @param {HTMLElement} root
 * @param {object} on
 * @param {ReturnType<typeof import("../../../page/drawing/pad.js").makePad>} on.pad
 * @param {import("../../../page/wire.js").Wire} on.wire
 * @param {(tidy: boolean) => Taken | null} on.taken what is on the pad, where a file was taken in for this model
 * @param {() => void} on.onTaken another input is there
 * @param {(sentence: string) => void} on.onError
 */
export function makePart(root, { pad, wire, taken, onTaken, onError }) {
  const layer = find(root, ".vr-found", SVGSVGElement),
    canvas = find(root, ".vr-pad", HTMLCanvasElement);
  const tools = find(root, ".vr-turn"),
    slider = find(tools, "input", HTMLInputElement);
  const button = find(root, '[data-tool="box"]'),
    tidy = find(root, ".vr-switch input", HTMLInputElement);
  let held = false;

  const framing = makeFraming(layer, { onChange: ask });

  /** The photo on the pad, where its digit was looked for. */
  const photo = () =>
    (pad.state.kind === "upload" && !pad.state.touched && taken(tidy.checked)) || null;

  /** @param {import("../../../page/drawing/box.js").Part} part */
  function ask(part) {
    const now = photo();
    slider.value = String(framing.fine());
    if (!now?.framed) return;
    const { owner: model, framed } = now;
    wire.send("part", "choose_part", { model, file: framed.file, ...part }, (answer) => {
      const still = photo();
      if (still?.framed !== framed) return; // another photo is there by now, or it was drawn on
      if (!answer.ok) {
        onError(answer.error ?? "");
        return;
      }
      pad.state.taken = { ...still, input: answer.input, did: answer.did };
      onTaken();
    });
  }

  /** As the pad has it now. */
  function show() {
    const framed = photo()?.framed ?? null;
    framing.show(framed, canvas);
    slider.value = String(framing.fine());
    button.hidden = !framed;
    layer.classList.toggle("vr-held", held);
    tools.hidden = !framed || !held;
    return framed !== null;
  }

  slider.addEventListener("input", () => framing.turnTo(Number(slider.value)));

  return {
    show,
    /** Whether the pointer moves the box, or draws. @param {boolean} yes */
    hold(yes) {
      held = yes;
      show();
    },
    quarter: framing.turnQuarter,
    found: framing.reset,
  };
}
