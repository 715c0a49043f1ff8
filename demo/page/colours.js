// Viridis: even steps of a value are even steps for the eye, for those who tell no red from green
// too.

const STOPS = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
];

/**
 * The colour of a share. @param {number} share 0 to 1 @returns {number[]} red, green and blue, 0 to
 * 255
 */
export function viridis(share) {
  const at = Math.min(1, Math.max(0, share)) * (STOPS.length - 1);
  const i = Math.min(STOPS.length - 2, Math.floor(at));
  return STOPS[i].map((v, c) => Math.round(v + (STOPS[i + 1][c] - v) * (at - i)));
}
