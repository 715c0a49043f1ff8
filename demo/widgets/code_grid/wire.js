// Asks the server: numbers every request, keeps one in flight a lane, sends only the newest of those that waited,
// drops answers that belong to a state long gone, and says when the server is lost.

class Wire {
  // `server`: the page's async functions. `onLost(true | false)` is told when the server stops or resumes answering,
  // `onAsking(n)` how many requests are under way.
  constructor(server, onLost, wait = (ms) => new Promise((done) => setTimeout(done, ms)), patience = 30000) {
    Object.assign(this, { server, onLost, wait, patience, onAsking: () => {}, asking: 0, number: 0, epoch: 0, lost: false, lanes: new Map(), sleepers: new Set() });
  }

  // From now on answers to earlier requests are dropped: another model or another grid is on the page.
  renew() {
    this.epoch++;
    for (const lane of this.lanes.values()) lane.next = null;
  }

  // One question, one answer: {ok, ...}. null when it is late (renewed meanwhile); asked again until the server is back.
  async ask(name, request, stillWanted = () => true) {
    const epoch = this.epoch, n = ++this.number;
    for (let pause = 500; ; pause = Math.min(pause * 2, 8000)) {
      this.onAsking(++this.asking);
      const answer = await this.once(name, { ...request, n });
      this.onAsking(--this.asking);
      const late = epoch !== this.epoch;
      if (answer && answer.n === n) {
        this.tell(false);
        return late ? null : answer;
      }
      if (late) return null;
      if (answer && answer.ok === false) return answer;
      this.tell(true);
      await Promise.race([this.wait(pause), new Promise((wake) => this.sleepers.add(wake))]);
      if (epoch !== this.epoch || !stillWanted()) return null;
    }
  }

  // At most one request of a lane is in flight; of those that come meanwhile only the last is sent. `done(answer)` is
  // called in order, and for a request that has been overtaken only if it was under way already.
  send(lane, name, request, done) {
    const state = this.lanes.get(lane) || { busy: false, next: null };
    this.lanes.set(lane, state);
    state.next = { name, request, done };
    if (!state.busy) this.pump(state);
  }

  async pump(state) {
    state.busy = true;
    while (state.next) {
      const { name, request, done } = state.next;
      state.next = null;
      const answer = await this.ask(name, request, () => !state.next);
      if (answer) done(answer);
    }
    state.busy = false;
  }

  retry() {
    for (const wake of this.sleepers) wake();
    this.sleepers.clear();
  }

  async once(name, request) {
    let timer;
    const tooLong = new Promise((done) => { timer = setTimeout(done, this.patience); });
    try {
      return await Promise.race([this.server[name](request), tooLong]);
    } catch { return undefined; } finally { clearTimeout(timer); }
  }

  tell(lost) {
    if (lost === this.lost) return;
    this.lost = lost;
    this.onLost(lost);
  }
}

if (typeof module !== "undefined") module.exports = { Wire };
