// Generates ../../internal/emoji/emoji.txt, the emoji of Unicode 17 with their
// shortcodes, from the packages in package.json:
//
//	npm install --ignore-scripts && npm run generate
//
// A line has, separated by tabs: the emoji without variation selectors; the form to
// display, empty if it is the same; shortcodes between colons, the canonical one
// first; the number of its group, empty outside pickers; its place in pickers;
// keywords. Lines are sorted by the bytes of the emoji.
//
// The canonical shortcode is that of gemoji, else that of Emojibase. Skin tones
// append _tone1 to _tone5, for two persons _tone1-2; their lines have no aliases.
"use strict";
const fs = require("fs");
const path = require("path");
const emoji = require("emojibase-data/en/data.json");
const gemoji = require("emojibase-data/en/shortcodes/github.json");
const emojibase = require("emojibase-data/en/shortcodes/emojibase.json");
const groups = require("emojibase-data/meta/groups.json").groups;

const list = (value) => (value === undefined ? [] : [].concat(value));
const folded = (hexcode) => hexcode.split("-").map((h) => parseInt(h, 16)).filter((c) => c < 0xfe00 || c > 0xfe0f);
const text = (points) => String.fromCodePoint(...points);
const component = Object.keys(groups).find((g) => groups[g] === "component");

const owner = {}; // of a shortcode: the hexcode of its emoji
for (const [hexcode, codes] of Object.entries(gemoji)) {
  for (const code of list(codes)) owner[code] ??= hexcode;
}

function shortcodes(e) {
  const codes = [...list(gemoji[e.hexcode]), ...list(emojibase[e.hexcode])];
  return [...new Set(codes)].filter((code) => (owner[code] ??= e.hexcode) === e.hexcode);
}

const lines = [];
function add(e, codes, group, keywords) {
  if (codes.length === 0) throw new Error(`${e.hexcode} has no shortcode`);
  const name = text(folded(e.hexcode));
  const place = group === "" ? "" : e.order;
  lines.push([name, e.emoji === name ? "" : e.emoji, `:${codes.join(":")}:`, group, place, keywords.join(" ")].join("\t"));
}

for (const e of emoji) {
  if (e.group === undefined) continue; // regional indicators: only pairs are emoji
  const codes = shortcodes(e);
  const keywords = [...new Set([...e.label.split(/[^\p{L}\p{N}]+/u), ...list(e.tags).flatMap((t) => t.split(" "))].filter((w) => w !== "").map((w) => w.toLowerCase()))];
  add(e, codes, String(e.group) === component ? "" : e.group, keywords);
  for (const s of e.skins ?? []) {
    add(s, [`${codes[0]}_tone${list(s.tone).join("-")}`], "", []);
  }
}
lines.sort((a, b) => Buffer.compare(Buffer.from(a.split("\t")[0]), Buffer.from(b.split("\t")[0])));
fs.writeFileSync(path.join(__dirname, "../../internal/emoji/emoji.txt"), lines.join("\n") + "\n");
