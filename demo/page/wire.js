// The one way to ask the server. What can become of a question:
//
// - answered: {ok: true, ...};
// - refused: {ok: false, error}, a sentence for the person;
// - busy: the server says {ok: false, again: true, error}; told to `onBusy`, and asked again in a
//   moment;
// - lost: no answer, or none in time; told to `onLost`, and asked again until the server is back;
// - late: the page shows another model or grid by now (`renew`); the answer is dropped: null.

const BUSY_PAUSE = 700; // ms
const FIRST_PAUSE = 500,
  LONGEST_PAUSE = 8000; // ms between two tries while the server is lost
const PATIENCE = 30_000; // ms that an answer may take

/**
 * @typedef {Record<string, (request: object) => Promise<any>>} Server
 * @typedef {{ok: boolean, error?: string, again?: boolean, [field: string]: any}} Answer
 * @typedef {Record<string, unknown> & {local?: unknown}} Question `local` stays here, for `done`
 * @typedef {object} Waiting what of a lane is sent next
 * @property {string} name
 * @property {Question | (() => Question | null)} request
 * @property {(answer: Answer, local: any) => void} done
 * @typedef {{busy: boolean, next: Waiting | null}} Lane
 */

export class Wire {
  /**
   * @param {Server} server
   * @param {(lost: boolean) => void} onLost told when the server stops or resumes answering
   * @param {(ms: number) => Promise<unknown>} [wait]
   * @param {number} [patience] ms
   */
  constructor(
    server,
    onLost,
    wait = (ms) => new Promise((done) => setTimeout(done, ms)),
    patience = PATIENCE,
  ) {
    this.server = server;
    this.onLost = onLost;
    this.wait = wait;
    this.patience = patience;
    /** How many requests are under way. @type {(asking: number) => void} */
    this.onAsking = () => {};
    /** The sentence of a server that is busy. @type {(sentence: string) => void} */
    this.onBusy = () => {};
    this.asking = 0;
    this.number = 0;
    this.epoch = 0;
    this.lost = false;
    /** @type {Map<string, Lane>} */
    this.lanes = new Map();
    /** @type {Set<(woken: unknown) => void>} */
    this.sleepers = new Set();
  }

  /** From now on answers to earlier requests are late. */
  renew() {
    this.epoch++;
    for (const lane of this.lanes.values()) lane.next = null;
  }

  /**
   * One question, one answer: null where it is late, or no longer wanted while the server is busy
   * or lost.
   * @param {string} name @param {Record<string, unknown>} request
   * @returns {Promise<Answer | null>}
   */
  async ask(name, request, stillWanted = () => true) {
    const { epoch } = this,
      n = ++this.number;
    for (let pause = FIRST_PAUSE; ;) {
      this.onAsking(++this.asking);
      const answer = await this.once(name, { ...request, n });
      this.onAsking(--this.asking);
      if (answer) this.tell(false);
      if (epoch !== this.epoch) return null;
      if (answer && !answer.again) return answer;
      if (answer) {
        this.onBusy(answer.error ?? "");
        await this.wait(BUSY_PAUSE);
      } else {
        this.tell(true);
        await Promise.race([this.wait(pause), new Promise((wake) => this.sleepers.add(wake))]);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
      if (epoch !== this.epoch || !stillWanted()) return null;
    }
  }

  /**
   * As `ask`, but a refusal is thrown as an Error with its sentence.
   * @param {string} name @param {Record<string, unknown>} request
   */
  async get(name, request) {
    const answer = await this.ask(name, request);
    if (answer && !answer.ok) throw new Error(answer.error);
    return answer;
  }

  /**
   * For what changes all the time, such as a stroke: at most one request of a lane is under way,
   * and of those that come meanwhile only the last is sent; as a function it is made when it is
   * sent, or is null where there is nothing to ask. `done` is called in order.
   * @param {string} lane @param {string} name
   * @param {Waiting["request"]} request @param {Waiting["done"]} done
   */
  send(lane, name, request, done) {
    const state = this.lanes.get(lane) ?? { busy: false, next: null };
    this.lanes.set(lane, state);
    state.next = { name, request, done };
    if (!state.busy) void this.pump(state);
  }

  /** @param {Lane} state */
  async pump(state) {
    const next = state.next,
      asked = typeof next?.request === "function" ? next.request() : next?.request;
    state.next = null;
    state.busy = !!asked;
    if (!next || !asked) return;
    const { local, ...request } = asked;
    const answer = await this.ask(next.name, request, () => !state.next);
    state.busy = false;
    if (state.next) void this.pump(state); // before painting: the server works while the page paints
    if (answer) next.done(answer, local);
  }

  /** Do not wait for the next try. */
  retry() {
    for (const wake of this.sleepers) wake(null);
    this.sleepers.clear();
  }

  /**
   * One try: undefined where the server does not answer in time.
   * @param {string} name @param {Record<string, unknown>} request @returns {Promise<Answer |
   *   undefined>}
   */
  async once(name, request) {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const tooLong = new Promise((done) => {
      timer = setTimeout(done, this.patience);
    });
    try {
      const answer = await Promise.race([this.server[name](request), tooLong]);
      const fits = typeof answer?.ok === "boolean" && (answer.n ?? request.n) === request.n;
      return fits ? answer : undefined;
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {boolean} lost */
  tell(lost) {
    if (lost === this.lost) return;
    this.lost = lost;
    this.onLost(lost);
  }
}
