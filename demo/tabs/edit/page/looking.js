// Looking without changing: which cell is meant, what a code would give, and the numbers of the
// selected cell.

/** @type {import("./editor.js").Methods} */
export const looking = {
  activate(board) {
    const side = board === this.a.board ? this.a : this.b;
    if (side === this.side) return;
    this.side = side;
    this.cell = null;
    this.choices = null;
    this.judge();
    if (this.info && side.history) {
      this.foreseeAbout();
      this.buttons();
      this.marks();
      this.inspect();
    }
  },

  selected(board) {
    this.activate(board);
    if (!this.side.history) return;
    this.preview = null;
    this.typing.cancel();
    this.foreseeAbout();
    this.palette.mark(this.side.flat[board.cursor]);
    this.picture();
    this.marks();
    this.buttons();
    this.readout();
    this.inspect();
  },

  hover(p) {
    if (p === this.hovered || !this.a.history) return;
    this.hovered = p;
    this.marks();
    this.readout();
  },

  // Show what a code would give; null takes it back. Asks the server nothing.
  tryOut(code) {
    const { side } = this;
    if (!this.info || !side.pixels || this.painting) return;
    this.preview = null;
    side.board.preview(code);
    if (code !== null) {
      const exact = this.previews.exact(code);
      this.preview = {
        side,
        code,
        exact: !!exact,
        pixels: exact ?? this.previews.approximate(code, side.pixels, this.tiles),
      };
    }
    this.picture();
  },

  leave() {
    this.tryOut(null);
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.info && this.sortPalette(), 60);
  },

  foreseeAbout() {
    this.previews.about(this.info, this.side.flat, this.side.board.selection());
    this.foresee(this.palette.visible());
  },

  foresee(seen) {
    if (this.info && this.side?.history) this.previews.want(seen);
  },

  // Ask for the selected cell's numbers, once the selection has come to rest.
  inspect() {
    clearTimeout(this.inspecting);
    const { side, info } = this,
      p = side.board.cursor;
    this.steps.place(info, p);
    this.odds = null;
    this.inspecting = setTimeout(() => {
      if (side !== this.side || !side.history) return;
      if (this.order === "prior") this.rank();
      const request = {
        flat: side.flat.slice(),
        input: side.source.input,
        pixels: side.input,
        cell: p,
        effect: this.view === "effect",
      };
      this.model.send("cell", "cell", request, (answer) => this.inspected(side, p, answer));
    }, 60);
  },

  inspected(side, p, answer) {
    if (!answer.ok) {
      this.say(answer.error, { bad: true });
      return;
    }
    if (side !== this.side || p !== side.board.cursor) return;
    this.cell = answer;
    this.steps.show(this.info, this.cell);
    this.sortPalette();
    if (this.view === "effect") this.picture();
  },

  layout() {
    this.refs.flow.classList.toggle("two", this.two);
    this.refs.boardB.hidden = !this.two;
    this.refs.resultB.hidden = !this.two;
    for (const side of [this.a, this.b]) side.board.size();
  },
};
