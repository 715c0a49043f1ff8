// @ts-check
// The engine in a thread of its own: a module worker, asked by client.js.

import { answering } from "./answering.js";

const answer = answering();
self.onmessage = ({ data }) => answer(data, (reply) => self.postMessage(reply));
self.postMessage({ id: 0 }); // all modules are here: it can be asked
