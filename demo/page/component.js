// What Gradio hands to the script of a gr.HTML, and modules.py to the `mount` of its module.

/**
 * @typedef {object} Component
 * @property {HTMLElement} element the root
 * @property {Record<string, any>} props the constructor's extra keywords, and `value`, which can be
 *   set
 * @property {Record<string, (request: object) => Promise<any>>} server its server functions by name
 * @property {(event: string, data?: unknown) => void} trigger an event of the component
 * @property {(name: string, changed: () => void) => void} watch a prop
 */

export {};
