// Talking to the server: numbered requests, never more than `limit` under way, the last state always sent, late
// answers dropped. `snapshot()` is asked for the request only when it can leave, so a fast hand costs no queue.

function makeLink({ call, snapshot, onAnswer, onError, onLost, onBusy, limit = 1 }) {
  let number = 0, newest = 0, oldest = 0, underWay = 0, wanted = false, retry = null;

  async function send() {
    wanted = false;
    const request = snapshot();
    if (!request) return;
    const n = ++number;
    underWay += 1;
    if (underWay === 1) onBusy(true);
    const { local, ...body } = request;   // `local` stays here: it says what the answer belongs to
    const answer = await call({ ...body, n }).catch(() => undefined);
    underWay -= 1;
    if (wanted && underWay < limit) send();   // before painting: the server works while the page paints
    if (n > newest && n > oldest) {
      if (answer && answer.ok) {
        newest = n;
        onAnswer(answer, local);
      } else if (answer && !answer.again) {
        newest = n;
        onError(answer.error);
      } else {
        onLost(answer && answer.error);
        clearTimeout(retry);
        retry = setTimeout(want, 1500);
      }
    }
    if (!underWay) onBusy(false);
  }

  function want() {
    wanted = true;
    if (underWay < limit) send();
  }

  // What is under way belongs to another model: its answers are no longer wanted.
  function forget() { oldest = number; }

  return { want, forget };
}

function bytesOf(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// Raw pixels, row by row, 1 or 3 channels, onto a canvas of exactly that size.
function paintPixels(canvas, bytes, height, width, channels) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0, j = 0; i < width * height; i++, j += channels) {
    image.data[4 * i] = bytes[j];
    image.data[4 * i + 1] = bytes[channels === 3 ? j + 1 : j];
    image.data[4 * i + 2] = bytes[channels === 3 ? j + 2 : j];
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
