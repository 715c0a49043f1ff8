// What the page says of codes, for tests/app/test_codes.py: node codes.mjs < {library: the server's
// answer, codes: [...]}
import { readFileSync } from "node:fs";

import { nearest, useOf } from "../../demo/page/codes/library.js";
import { floatsOf } from "../../demo/page/packed.js";

const { library, codes } = JSON.parse(readFileSync(0, "utf8"));
const known = { ...library, codebook: library.codebook && floatsOf(library.codebook) };
process.stdout.write(
  JSON.stringify(
    codes.map((code) => ({
      euclidean: nearest(known, code, 5),
      cosine: nearest(known, code, 5, "cosine"),
      use: useOf(known.counts, known.about, code),
    })),
  ),
);
