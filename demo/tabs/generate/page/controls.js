// The settings: what is asked for. `read()` gives the request's fields, or throws a sentence.

import { along, closest, make } from "../../../page/dom.js";

const PRESETS = [
  ["Recommended", {}, "The defaults: the best balance of likeness and variety that was measured."],
  ["Careful", { temperature: 0.6 }, "Only what is likely: cleaner digits, more alike."],
  ["Bold", { temperature: 1.4 }, "Unlikely codes too: more variety, and some pictures fall apart."],
  [
    "Strong class",
    { guidance: 3 },
    "The class pulls much harder: typical pictures, less varied. Needs a class, or 10 × 10.",
  ],
  [
    "In one step",
    { steps: 1 },
    "One step: no cell sees another while it is drawn, so strokes do not meet. Steps are what makes them agree.",
  ],
  [
    "One by one",
    { steps: 999 },
    "One cell per step, each given all before: the slowest, and exactly what the prior believes.",
  ],
];

/** No class: how the address and its button call it. */
const ANY = "any";

/** Whether a field holds what the model takes. @param {HTMLInputElement} input */
const fits = (input) => input.checkValidity() && input.value !== "";

export class Controls {
  constructor(form) {
    this.form = form;
    this.info = null;
    this.label = null;
    this.count = 100;
    this.find = (selector) => form.querySelector(selector);
    this.fields = [...form.querySelectorAll("input[name]")].filter(
      (input) => input.name !== "fresh",
    );
    form.addEventListener("input", (event) => {
      if (event.target.name === "seed") this.find("[name=fresh]").checked = false;
      this.tell();
    });
    this.find(".vg-classes").addEventListener("click", (event) => {
      const button = closest(event, "button");
      if (button) {
        this.label = button.value === ANY ? null : Number(button.value);
        this.tell();
      }
    });
    this.find(".vg-counts").addEventListener("click", (event) => {
      const button = closest(event, "button");
      if (button) {
        this.count = Number(button.value);
        this.tell();
      }
    });
    this.find(".vg-presets").replaceChildren(
      ...PRESETS.map(([name], n) =>
        make("button", "", { type: "button", value: n, "aria-pressed": "false" }, name),
      ),
    );
    this.find(".vg-presets").addEventListener("click", (event) => {
      const button = closest(event, "button");
      if (button) this.preset(Number(button.value));
    });
    // A list of buttons is walked with the arrow keys, too.
    for (const box of [".vg-classes", ".vg-counts", ".vg-presets"]) {
      this.find(box).addEventListener("keydown", (event) => {
        const buttons = [...this.find(box).children],
          at = buttons.indexOf(event.target);
        const to = buttons[at + along(event.key)];
        if (to && to !== event.target) {
          event.preventDefault();
          to.focus();
        }
      });
    }
  }

  // Another model: its classes and limits. What is set then is for `set` to say.
  open(info) {
    this.info = info;
    this.find(".vg-class").hidden = this.find(".vg-guided").hidden = !info.classes.length;
    const button = (value, text, name) =>
      make("button", name, { type: "button", value, "aria-pressed": "false" }, text);
    this.find(".vg-classes").replaceChildren(
      ...info.classes.map((name, n) => button(n, name, "")),
      button(ANY, "Any", "vg-any"),
    );
    this.find(".vg-classes").classList.toggle(
      "vg-words",
      info.classes.some((name) => name.length > 2),
    );
    this.find("[name=steps]").max = info.most_steps;
    this.find("[name=top_k]").max = info.K;
  }

  // What the tab opens with.
  get opening() {
    const { count, ...fields } = this.info.opening;
    return { ...fields, class: ANY, pictures: count, fresh: "on" };
  }

  // All that is set; of a field that holds what the model does not take, the opening's.
  settings() {
    const values = { ...this.opening, pictures: this.count };
    if (this.label !== null) values.class = this.info.classes[this.label];
    for (const input of this.fields) if (fits(input)) values[input.name] = Number(input.value);
    values.fresh = this.find("[name=fresh]").checked ? "on" : "off";
    return values;
  }

  // Sets what is given; the opening's where the model does not take it.
  set(values) {
    const { info, opening } = this,
      counts = [...this.find(".vg-counts").children].map((button) => Number(button.value));
    if ("class" in values) {
      const label = info.classes.indexOf(values.class);
      this.label = label < 0 ? opening.label : label;
    }
    if ("pictures" in values)
      this.count = counts.includes(values.pictures) ? values.pictures : opening.pictures;
    if ("fresh" in values) this.find("[name=fresh]").checked = values.fresh !== "off";
    for (const input of this.fields) {
      if (input.name in values) input.value = values[input.name];
      if (!fits(input)) input.value = opening[input.name];
    }
    this.tell();
  }

  preset(n) {
    const [, values] = PRESETS[n],
      { opening } = this.info;
    this.set(
      Object.fromEntries(
        ["temperature", "guidance", "top_k", "top_p", "steps"].map((name) => [
          name,
          Math.min(
            values[name] ?? opening[name],
            name === "steps" ? this.info.most_steps : Infinity,
          ),
        ]),
      ),
    );
  }

  tell() {
    if (!this.info) return;
    const press = (box, value) =>
      this.find(box)
        .querySelectorAll("button")
        .forEach((button) =>
          button.setAttribute("aria-pressed", String(button.value === String(value))),
        );
    press(".vg-classes", this.label ?? ANY);
    press(".vg-counts", this.count);
    const now = (name) => Number(this.find(`[name=${name}]`).value);
    const chosen = PRESETS.findIndex(([, values]) =>
      ["temperature", "guidance", "top_k", "top_p", "steps"].every(
        (name) =>
          Math.abs(
            now(name) -
              Math.min(
                values[name] ?? this.info.opening[name],
                name === "steps" ? this.info.most_steps : Infinity,
              ),
          ) < 1e-6,
      ),
    );
    press(".vg-presets", chosen);
    this.find(".vg-why-preset").textContent =
      chosen < 0 ? "Your own settings." : PRESETS[chosen][2];
    for (const input of this.fields) {
      const said = {
        top_k: now("top_k") ? "codes" : "off",
        top_p: now("top_p") >= 1 ? "off" : now("top_p").toFixed(2),
        guidance: now("guidance") === 1 ? "off" : `× ${now("guidance")}`,
        temperature: now("temperature").toFixed(2),
        steps: now("steps"),
      }[input.name];
      if (said !== undefined) {
        input.parentElement.querySelector("output").textContent = said;
        if (input.type === "range") input.setAttribute("aria-valuetext", said);
      }
    }
  }

  // What is asked for now; a new seed first, where that is wanted.
  read(renew = false) {
    const seed = this.find("[name=seed]");
    if (renew && this.find("[name=fresh]").checked) seed.value = Math.floor(Math.random() * 1e6);
    const fields = { label: this.label, count: this.count };
    for (const input of this.fields) {
      if (!fits(input)) {
        input.focus();
        throw new Error(
          `${input.getAttribute("aria-label").split(";")[0]} must be a whole number from ${input.min} to ${input.max}.`,
        );
      }
      fields[input.name] = Number(input.value);
    }
    return fields;
  }
}
