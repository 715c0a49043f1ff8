// Small parts that the others share: packed numbers, sprites, elements.

const VG = {
  // Base64 of uint16 -> Uint16Array, and back.
  numbers(text) {
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let n = 0; n < raw.length; n++) bytes[n] = raw.charCodeAt(n);
    return new Uint16Array(bytes.buffer);
  },
  packed(numbers) {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    let raw = "";
    for (const byte of bytes) raw += String.fromCharCode(byte);
    return btoa(raw);
  },

  async image(png) {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    return image;
  },

  make(tag, name = "", attributes = {}, text = "") {
    const made = document.createElement(tag);
    if (name) made.className = name;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== "") made.textContent = text;
    return made;
  },

  // One picture of a sprite onto a canvas, one canvas pixel a picture pixel.
  paint(canvas, info, image, column, row = 0) {
    if (canvas.width !== info.width) canvas.width = info.width;
    if (canvas.height !== info.height) canvas.height = info.height;
    canvas.getContext("2d").drawImage(image, column * info.width, row * info.height, info.width, info.height, 0, 0,
      info.width, info.height);
  },

  percent: (p) => (p >= 0.0995 ? `${Math.round(100 * p)}\u202f%` : p >= 0.001 ? `${(100 * p).toFixed(1)}\u202f%` : "<\u202f0.1\u202f%"),

  // Roving tabindex over `items` in rows of `columns`; arrow keys move the focus, `onMove(i)` follows.
  rove(items, columns, event, onMove = () => {}) {
    const at = items.indexOf(event.target.closest("button"));
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns(), Home: -at, End: items.length - 1 - at }[event.key];
    if (at < 0 || step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const to = at + step;
    if (to < 0 || to >= items.length) return;
    items.forEach((item, n) => { item.tabIndex = n === to ? 0 : -1; });
    items[to].focus();
    onMove(to);
  },

  calm: () => matchMedia("(prefers-reduced-motion: reduce)").matches,
};
