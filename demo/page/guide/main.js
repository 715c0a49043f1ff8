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
  }
  watch("value", follow);
  follow();
  window.addEventListener("popstate", () => trigger("moved"));
  onMove("model", (id) => choose(id ?? first));

  void followTabs();
  followHeader();
  makeClassroom(() => model);
  makeLesson(find(element, ".vl"), { prepare: () => choose(props.lesson_model) });
}
