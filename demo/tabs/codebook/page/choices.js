// Groups of buttons of which one is pressed.

/**
 * Shows which button of a group is pressed. @param {ParentNode} within @param {string} name @param
 * {string} value
 */
export function pressChoice(within, name, value) {
  for (const button of within.querySelectorAll(`[data-choice="${name}"] button`)) {
    button.setAttribute("aria-pressed", String(button.getAttribute("value") === value));
  }
}
