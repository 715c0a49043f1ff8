// Where the buttons of a card lead: the Codebook tab with this code, and the Edit tab with a picture
// that holds it.

import { go } from "../guide/address.js";
import { inAddress } from "../guide/tabs.js";

/** @typedef {"codebook" | "edit"} Way */

/** The words of each button. @type {Record<Way, string>} */
export const WORDS = { codebook: "Open in Codebook", edit: "Open in Edit" };

/** @type {Partial<Record<Way, (model: string, code: number) => void>>} those of this page */
export const ways = {};

/** Leads to the Codebook tab. @param {string} _ the model is the one on show @param {number} code */
export function openInCodebook(_, code) {
  go({ code, ...inAddress("codebook") });
}
