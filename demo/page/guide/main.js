// Ties the guide to the page: address, popover, lesson.

import { find } from "../dom.js";
import { onMove, read, write } from "./address.js";
import { makeClassroom } from "./classroom.js";
import { followHeader } from "./header.js";
import { makeLesson } from "./lesson.js";
import { followTabs } from "./tabs.js";

/** @param {import("../component.js").Component} component */
export function mount({ element, props, trigger, watch }) {
  /** @type {string | null} the model on show; the first one of this visit is not written down */
  let model = null;
  /** @type {string | null} */
  let first = null;

  /** What waits until the page knows its first model. @type {(() => void) | null} */
  let waiting = null;

  /** @param {string | null} id */
  function choose(id) {
    if (!id || id === model) return;
    model = id;
    props.value = { ...props.value, wanted: id };
    trigger("choose");
  }
  function follow() {
    const value = props.value ?? {};
    if (!value.ready || !value.model || value.model === model) return;
    const known = model !== null;
    model = value.model;
    first ??= model;
    if (known && model !== (read("model") ?? first)) write({ model });
    waiting?.();
    waiting = null;
  }
  // The model that the lesson speaks of, also in the address, so that a reload has the same.
  /** @param {() => void} chosen */
  function prepare(chosen) {
    const wanted = props.lesson_model;
    if (model === null) waiting = () => prepare(chosen);
    else if (wanted && wanted !== model) {
      choose(wanted);
      write({ model: wanted }, { replace: true });
      chosen();
    }
  }
  watch("value", follow);
  follow();
  window.addEventListener("popstate", () => trigger("moved"));
  onMove("model", (id) => choose(id ?? first));

  void followTabs();
  followHeader();
  makeClassroom(() => model);
  makeLesson(find(element, ".vl"), { prepare });
}
