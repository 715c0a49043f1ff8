// Talking to the server. `ask` gives the answer or throws its sentence; long questions are followed by their job.

const LOST = "The server does not answer; what you see is kept. Try again in a moment.";
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function ask(question, request) {
  const answer = await server[question](request).catch(() => undefined);
  if (!answer) throw new Error(LOST);
  if (!answer.ok) throw new Error(answer.error);
  return answer;
}

// One long computation at a time in one place of the page: a newer one replaces it, Stop ends it.
function makeFollower(box) {
  const bar = box.querySelector("progress"), words = box.querySelector("span");
  let ticket = null, turn = 0;

  function show(job) {
    box.hidden = !job;
    if (!job) return;
    if (job.share) bar.value = job.share; else bar.removeAttribute("value");
    words.textContent = job.text;
  }
  function stop() {
    turn += 1;
    if (ticket) server.codebook_stop({ job: ticket }).catch(() => undefined);
    ticket = null;
    show(null);
  }
  // Resolves to true when the job has ended well, false when it was stopped or replaced; throws its sentence.
  async function follow(job) {
    stop();
    const mine = turn;
    ticket = job;
    show({ text: "Starting…", share: 0 });
    try {
      for (let wait = 120; ; wait = Math.min(400, wait + 60)) {
        await pause(wait);
        if (mine !== turn) return false;
        const state = await ask("codebook_job", { job });
        if (mine !== turn) return false;
        if (state.ended && state.failed) throw new Error(state.failed);
        if (state.ended) return true;
        show(state);
      }
    } finally {
      if (mine === turn) { ticket = null; show(null); }
    }
  }
  return { follow, stop };
}

// Of several questions only the answer to the latest counts.
function latest() {
  let turn = 0;
  return async (promise) => {
    const mine = ++turn;
    const value = await promise;
    return mine === turn ? value : null;
  };
}

function floatsOf(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

async function imageOf(base64) {
  const image = new Image();
  image.src = `data:image/png;base64,${base64}`;
  await image.decode();
  return image;
}
