"use strict";

const OTHERS = 12; // Samples below the large one.
const SLOWEST = 8; // Seconds from one sample to the next of a walk.
const config = JSON.parse(document.getElementById("config").textContent);
const part = (id) => document.getElementById(id);
let session, ort, walk;

/** Returns the bytes of a text that is gzip in Base64. */
async function unpacked(id) {
  const packed = Uint8Array.from(atob(part(id).textContent), (c) => c.charCodeAt(0));
  part(id).remove();
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Returns a generator of uniform numbers from 0 to below 1 (mulberry32). */
function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Returns the noise of a seed, standard normal (Box and Muller). */
function noise(seed) {
  const draw = uniform(seed);
  return Float64Array.from({ length: config.noise_dim }, () =>
    Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw()));
}

/** Returns the noise between two, over equal angles. */
function between(first, last, share) {
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const cosine = dot(first, last) / Math.sqrt(dot(first, first) * dot(last, last));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const bent = Math.sin(angle) > 1e-4;
  const before = bent ? Math.sin((1 - share) * angle) / Math.sin(angle) : 1 - share;
  const after = bent ? Math.sin(share * angle) / Math.sin(angle) : share;
  return first.map((value, i) => before * value + after * last[i]);
}

/** Returns the error function, by its series: exact to 1e-12 for the noise that is drawn. */
function erf(x) {
  let term = x, sum = x;
  for (let n = 1; n < 200 && Math.abs(term) > 1e-15; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** Returns the inverse of the error function, by Newton's steps from Winitzki's formula. */
function inverseErf(y) {
  const log = Math.log(1 - y * y), half = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sign(y) * Math.sqrt(Math.sqrt(half * half - log / 0.147) - half);
  for (let n = 0; n < 4; n++) x -= ((erf(x) - y) * Math.sqrt(Math.PI) * Math.exp(x * x)) / 2;
  return x;
}

/** Maps noise to a normal distribution within a threshold, by quantile. */
function truncated(values, threshold) {
  const most = erf(threshold / Math.SQRT2);
  return values.map((z) => Math.SQRT2 * inverseErf(erf(z / Math.SQRT2) * most));
}

/** Returns the latents that the sliders make of noise: codes follow it. */
function latentsOf(values, label) {
  const threshold = Number(part("truncation").value);
  const noise = threshold < Number(part("truncation").max) ? truncated(values, threshold) : values;
  const latents = new Float32Array(config.latent_dim);
  latents.set(noise);
  if (config.category_at !== null) latents[config.category_at + label] = 1;
  return config.styles ? latents : moved(latents);
}

/** Adds the sliders' multiples of their directions to an array. */
function moved(array) {
  config.directions.forEach(({ vector }, i) => {
    const amount = Number(part(`direction${i}`).value);
    vector.forEach((value, j) => { array[j] += amount * value; });
  });
  return array;
}

/** Returns the samples of latents as bytes, in [0, 255]; one label for all. */
async function generate(latents, label) {
  const count = latents.length / config.latent_dim;
  const feeds = { [config.latents]: new ort.Tensor("float32", latents, [count, config.latent_dim]) };
  if (config.labels) {
    const labels = BigInt64Array.from({ length: count }, () => BigInt(label));
    const { name, type } = config.labels;
    const array = type === "int64" ? labels : Int32Array.from(labels, Number);
    feeds[name] = new ort.Tensor(type, array, [count]);
  }
  if (config.styles) {
    const move = moved(new Float32Array(config.styles));
    const rows = Float32Array.from({ length: count * config.styles }, (_, i) => move[i % move.length]);
    feeds[config.move] = new ort.Tensor("float32", rows, [count, config.styles]);
  }
  const output = (await session.run(feeds))[session.outputNames[0]];
  return Uint8ClampedArray.from(output.data, (value) => (value + 1) * 127.5);
}

/** Draws a sample's bytes onto a canvas. */
function draw(canvas, pixels) {
  const { height, width, channels } = config;
  const image = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[channels * i + (channels < 3 ? 0 : c)];
    image.data[4 * i + 3] = channels === 4 ? pixels[channels * i + 3] : 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** Runs one drawing at a time, and after it the last that was asked for meanwhile. */
function latest(task) {
  let busy = false, again = false;
  return async () => {
    if (busy) { again = true; return; }
    busy = true;
    do { again = false; await task(); } while (again);
    busy = false;
  };
}

const seedOf = () => Number(part("seed").value) >>> 0;
const labelOf = () => Number(part("label").value) || 0;
/** The sample at the other end of the interpolation. */
const other = () => (seedOf() + 1) >>> 0;

const show = latest(async () => {
  const values = between(noise(seedOf()), noise(other()), Number(part("share").value));
  draw(part("picture"), await generate(latentsOf(values, labelOf()), labelOf()));
  part("picture").setAttribute("aria-label", `The sample of seed ${seedOf()}`);
});

const showOthers = latest(async () => {
  for (const [i, button] of [...part("others").children].entries()) {
    const seed = (seedOf() + 1 + i) >>> 0;
    button.dataset.seed = seed;
    button.title = `Seed ${seed}`;
    draw(button.firstChild, await generate(latentsOf(noise(seed), labelOf()), labelOf()));
  }
});

function shown() {
  for (const output of document.querySelectorAll("output")) {
    const input = part(output.htmlFor.value), value = Number(input.value);
    const off = input.id === "truncation" && input.value === input.max;
    output.textContent = off ? "off" : value.toFixed(2).replace(/\.?0+$/, "");
  }
}

function update(all) {
  shown();
  show();
  if (all) showOthers();
}

function choose(seed) {
  part("seed").value = seed;
  part("share").value = 0;
  update(true);
}

/** Starts or stops a walk from sample to sample. */
function toggleWalk() {
  const going = walk === undefined;
  part("play").setAttribute("aria-pressed", going);
  part("play").textContent = going ? "Stop" : "Walk";
  if (!going) { cancelAnimationFrame(walk); walk = undefined; return; }
  let before = performance.now();
  const step = (now) => {
    let share = Number(part("share").value) + (now - before) / (1000 * SLOWEST);
    before = now;
    if (share >= 1) {
      part("seed").value = other();
      share = 0;
      showOthers();
    }
    part("share").value = share;
    update(false);
    walk = requestAnimationFrame(step);
  };
  walk = requestAnimationFrame(step);
}

function addSlider(direction, i) {
  const row = document.createElement("div");
  row.className = "row";
  row.innerHTML = `<label for="direction${i}"></label><input id="direction${i}" type="range"
    step="0.05" value="0"><output for="direction${i}"></output>`;
  row.firstChild.textContent = direction.name;
  Object.assign(row.children[1], { min: -direction.reach, max: direction.reach });
  row.children[1].value = 0;
  part("directions").append(row);
}

function addControls() {
  part("choice").hidden = config.classes.length === 0;
  config.classes.forEach((name, i) => part("label").add(new Option(name, i)));
  config.directions.forEach(addSlider);
  for (let i = 0; i < OTHERS; i++) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(document.createElement("canvas"));
    button.addEventListener("click", () => choose(Number(button.dataset.seed)));
    part("others").append(button);
  }
  for (const input of document.querySelectorAll("input, select")) {
    input.addEventListener("input", () => update(input.id !== "share"));
  }
  part("new").addEventListener("click", () => choose(Math.floor(Math.random() * 4294967296)));
  part("play").addEventListener("click", toggleWalk);
  part("save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.download = `${config.name}_${seedOf()}.png`;
    link.href = part("picture").toDataURL("image/png");
    link.click();
  });
  part("reset").addEventListener("click", () => {
    for (const input of document.querySelectorAll("input[type=range]")) {
      input.value = input.id === "truncation" ? input.max : 0;
    }
    update(true);
  });
}

async function start() {
  const script = new Blob([await unpacked("runtime")], { type: "text/javascript" });
  ort = await import(URL.createObjectURL(script));
  ort.env.wasm.numThreads = 1; // Pages opened from a file may not share memory.
  ort.env.wasm.wasmBinary = (await unpacked("wasm")).buffer;
  session = await ort.InferenceSession.create(await unpacked("model"), {
    executionProviders: ["wasm"],
  });
  addControls();
  document.querySelectorAll("main, #more").forEach((each) => { each.hidden = false; });
  choose(0);
  part("status").textContent = config.about;
}

/** For scripts: `await geans.generate(Float32Array of latents, label)`. */
window.geans = { generate, truncated };
start().catch((error) => {
  part("status").textContent = `This browser cannot run the network (${error}). A current version `
    + "of Firefox, Chrome, Edge or Safari can.";
  throw error;
});
