// What can be chosen for the palette's order and for what the picture shows.

/** @typedef {import("./state.js").State} State */

/**
 * An order of the palette; `values` is a number for each code, or null where there is none (yet).
 * @typedef {object} Order
 * @property {string} id @property {string} name
 * @property {"counts" | "prior"} [needs] what the model must have
 * @property {string} [unit] @property {boolean} [descending]
 * @property {(state: State) => ArrayLike<number> | null | undefined} values
 * @property {(value: number, state: State) => string} [say]
 */

const brief = (/** @type {number} */ x) =>
  x >= 1000 ? x.toExponential(0) : x.toFixed(x >= 100 ? 0 : x >= 10 ? 1 : 2);
const percent = (/** @type {number} */ p) =>
  p >= 0.0995 ? `${(100 * p).toFixed(0)}%` : p >= 0.001 ? `${(100 * p).toFixed(1)}%` : "<0.1%";

/** @type {Order[]} */
export const ORDERS = [
  { id: "index", name: "index", values: () => null },
  {
    id: "usage",
    name: "usage",
    needs: "counts",
    unit: "used",
    descending: true,
    values: ({ info }) => info.counts,
    say(n, { info }) {
      const share = (100 * n) / (info.counts?.reduce((sum, count) => sum + count, 0) || 1);
      return share && share < 0.1 ? "<0.1%" : `${share.toFixed(1)}%`;
    },
  },
  {
    id: "distance",
    name: "distance to z_e",
    unit: "distance",
    values: ({ cell }) => cell?.distances,
    say: brief,
  },
  {
    id: "similarity",
    name: "likeness to this cell",
    unit: "distance",
    values: ({ cell }) => cell?.similarity,
    say: brief,
  },
  {
    id: "prior",
    name: "the prior",
    needs: "prior",
    unit: "probability",
    descending: true,
    values: ({ odds }) => odds,
    say: percent,
  },
];

/** What is most like the selected cell: what one looks for is mostly near what is there. */
export const FIRST_ORDER = "similarity";

/** The orders that a model can have. @param {import("./state.js").Info} info */
export const ordersOf = (info) => ORDERS.filter(({ needs }) => !needs || info[needs]);

/** @type {{id: string, name: string}[]} */
export const VIEWS = [
  { id: "picture", name: "Edited" },
  { id: "before", name: "Before" },
  { id: "difference", name: "Difference" },
  { id: "effect", name: "Reach" },
];

/**
 * What comes after `id` in a list, round and round. @template {{id: string}} Item @param {Item[]}
 * list @param {string} id
 */
export const after = (list, id, step = 1) =>
  list[(list.findIndex((item) => item.id === id) + step + list.length) % list.length];
