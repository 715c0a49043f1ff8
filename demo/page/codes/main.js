// Ties the cards of codes to the page: the server, the Edit tab, and the card that opens beside a
// cell.

import { find } from "../dom.js";
import { Wire } from "../wire.js";
import { makeBeside } from "./beside.js";
import { connect } from "./library.js";
import { openInCodebook, ways } from "./ways.js";

/** @param {import("../component.js").Component} component */
export function mount({ element, props, server, trigger }) {
  const wire = new Wire(server, () => undefined); // that it is lost, head/alive.js says
  window.addEventListener("vq-back", () => wire.retry());
  if (props.has_codebook) ways.codebook = openInCodebook;
  if (props.can_edit)
    ways.edit = (model, code) => {
      props.value = { model, code };
      trigger("edit");
    };
  makeBeside(find(element, ".vq-code-beside"));
  connect((model) => wire.get("codes_open", { model }));
}
