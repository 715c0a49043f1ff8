// How a tab asks for the card of a code beside what was clicked. The card itself (beside.js) comes
// after the first page: nothing has to wait for it.

/** @typedef {"below" | "left" | "right" | "above"} Side */
/** @typedef {(met: import("./card.js").Met, event: Event, anchor: Element, sides?: Side[]) => void} Open */

/** @type {Open} */
let open = () => undefined;

/**
 * Opens the card of a code.
 * @param {import("./card.js").Met} met
 * @param {Event} event what it answers; after a press of a key the focus goes into the card
 * @param {Element} anchor what it must not cover
 * @param {Side[]} [sides] of the anchor, the best first
 */
export const openCard = (met, event, anchor, sides) => open(met, event, anchor, sides);

/** @param {Open} does what opens it from here on */
export function opensWith(does) {
  open = does;
}
