// compare.mjs - the original runtime's scores against ours, on the same frames; compare.sh calls it.
//
//   node compare.mjs MODULES WIDTH HEIGHT FRAMES.rgb OURS.jsonl [cpu|wasm]
//
// MODULES is a node_modules folder with nsfwjs, @vladmandic/face-api and @tensorflow/tfjs. Both packages are run as
// they are published; face-api's own Node build asks for tfjs-node, which is native, and gets plain tfjs.
import fs from 'node:fs';
import Module from 'node:module';
import path from 'node:path';

const [modules, width, height, film, told, backend = 'cpu'] = process.argv.slice(2);
const require = Module.createRequire(path.resolve(modules, 'x.js'));
const resolve = Module._resolveFilename;
Module._resolveFilename = function (name, ...rest) {
  return resolve.call(this, name === '@tensorflow/tfjs-node' ? '@tensorflow/tfjs' : name, ...rest);
};
const tf = require('@tensorflow/tfjs');
if (backend === 'wasm') {
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(path.resolve(modules, '@tensorflow/tfjs-backend-wasm/dist') + '/');
  wasm.setThreadsCount(1);
}
await tf.setBackend(backend);
await tf.ready();

const packaged = path.resolve(modules, 'nsfwjs/dist/models/mobilenet_v2_mid');
const model = require(path.join(packaged, 'model.min.js'));
const bytes = Buffer.concat([1, 2].map((i) => Buffer.from(require(path.join(packaged, `group1-shard${i}of2.min.js`)), 'base64')));
const specs = model.weightsManifest.flatMap((group) => group.weights);
const nsfwjs = require('nsfwjs');
const nsfw = await nsfwjs.load({ load: async () => ({ modelTopology: model.modelTopology, weightSpecs: specs, format: model.format,
  weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) }) }, { size: 224, type: 'graph' });

const faceapi = require('@vladmandic/face-api/dist/face-api.node.js');
function load(net, name) {
  const folder = path.resolve(modules, '@vladmandic/face-api/model');
  const groups = JSON.parse(fs.readFileSync(path.join(folder, `${name}-weights_manifest.json`)));
  const data = Buffer.concat(groups.flatMap((g) => g.paths).map((p) => fs.readFileSync(path.join(folder, p))));
  const map = tf.io.decodeWeights(data.buffer.slice(data.byteOffset, data.byteOffset + data.length), groups.flatMap((g) => g.weights));
  net.loadFromWeightMap(map);
  return net;
}
const detector = load(new faceapi.TinyFaceDetector(), 'tiny_face_detector_model');
const landmarks = load(new faceapi.FaceLandmark68Net(), 'face_landmark_68_model');
const embedding = load(new faceapi.FaceRecognitionNet(), 'face_recognition_model');

const worst = { explicit: 0, detector: 0, landmarks: 0, embedding: 0 };
const count = { frames: 0, boxes: 0, 'boxes of one side alone': 0, faces: 0 };
function compare(name, ours, theirs) {
  if (ours.length !== theirs.length) throw new Error(`${name}: ${ours.length} values, expected ${theirs.length}`);
  for (let i = 0; i < ours.length; i++) worst[name] = Math.max(worst[name], Math.abs(ours[i] - theirs[i]));
}

const lines = fs.readFileSync(told, 'utf8').trim().split('\n').map((line) => JSON.parse(line)).filter((line) => line.explicit);
const size = [Number(height), Number(width), 3];
const each = size[0] * size[1] * 3;
const pixels = fs.readFileSync(film);
for (let n = 0; n < lines.length; n++) {
  const ours = lines[n];
  const frame = tf.tensor3d(new Uint8Array(pixels.subarray(n * each, (n + 1) * each)), size, 'int32');
  const scores = nsfw.infer(frame);
  compare('explicit', ours.explicit, scores.dataSync());
  scores.dispose();
  const boxes = (await detector.locateFaces(frame, new faceapi.TinyFaceDetectorOptions({ inputSize: 416 })))
    .map((d) => ({ ...d.relativeBox, score: d.score, box: d.relativeBox }));
  const side = Math.max(size[0], size[1]);
  const taken = new Set();
  for (const b of ours.boxes) {
    const in_square = boxes.map((d) => [d.box.x, d.box.y, d.box.width, d.box.height].map((v, i) => v * size[i % 2 ? 0 : 1] / side));
    let best = -1;
    in_square.forEach((d, i) => { if (!taken.has(i) && Math.hypot(d[0] - b[0], d[1] - b[1]) < 0.02) best = i; });
    if (best < 0) { count['boxes of one side alone']++; continue; }
    taken.add(best);
    compare('detector', b, [...in_square[best], boxes[best].score]);
    count.boxes++;
  }
  count['boxes of one side alone'] += boxes.length - taken.size;
  for (const face of ours.faces) {
    const [left, top, w, h] = face.cut;
    const cut = tf.slice(frame, [top, left, 0], [h, w, 3]);
    const points = tf.tidy(() => landmarks.runNet(new faceapi.NetInput([cut])));
    compare('landmarks', face.landmarks, points.dataSync());
    compare('embedding', face.embedding, await embedding.computeFaceDescriptor(cut));
    tf.dispose([cut, points]);
    count.faces++;
  }
  frame.dispose();
  count.frames++;
}
console.log(JSON.stringify({ backend, ...count, largest_difference: worst }));
process.exit(Object.values(worst).every((d) => d <= 1e-3) && !count['boxes of one side alone'] ? 0 : 1);
