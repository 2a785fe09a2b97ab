"use strict";

const WIDTH = 340, HEIGHT = 190; // Of a chart, in units that scale with the page.
const LEFT = 42, RIGHT = 332, TOP = 8, BOTTOM = 168; // Its axes.
const PAUSE = 250; // Milliseconds from one picture to the next.
const COLORS = 6;
const part = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/** Shows each run's last picture up to an epoch. */
function showPictures(epoch) {
  for (const figure of part("samples").querySelectorAll("figure")) {
    const images = [...figure.querySelectorAll("img")];
    const shown = images.filter((image) => Number(image.dataset.epoch) <= epoch).at(-1) ?? images[0];
    for (const image of images) image.hidden = image !== shown;
  }
}

/** Connects slider and button to the pictures; the last ones are shown first. */
function addSlider() {
  const images = [...part("samples").querySelectorAll("img")];
  const epochs = [...new Set(images.map((image) => Number(image.dataset.epoch)))];
  epochs.sort((a, b) => a - b);
  const slider = part("epoch"), button = part("play");
  const update = () => {
    const epoch = epochs[slider.value];
    document.querySelector("output[for=epoch]").value = epoch;
    slider.setAttribute("aria-valuetext", `epoch ${epoch}`);
    showPictures(epoch);
  };
  let playing;
  const play = (going) => {
    clearInterval(playing);
    playing = going ? setInterval(step, PAUSE) : undefined;
    button.textContent = going ? "Stop" : "Play";
    button.setAttribute("aria-pressed", going);
  };
  const step = () => {
    if (slider.value === slider.max) { play(false); return; }
    slider.value = Number(slider.value) + 1;
    update();
  };
  slider.max = epochs.length - 1;
  slider.value = slider.max;
  slider.addEventListener("input", () => { play(false); update(); });
  button.addEventListener("click", () => {
    if (!playing && slider.value === slider.max) { slider.value = 0; update(); }
    play(!playing);
  });
  update();
}

/** Returns an SVG element. */
function element(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** Returns round numbers within bounds, about as many as `count`. */
function ticks(low, high, count, least = 0) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(least, power * [1, 2, 5, 10].find((each) => each * power >= rough));
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** Returns a function from numbers within bounds to places from `start` to `end`. */
function scale(low, high, start, end) {
  return (value) => start + ((value - low) / (high - low)) * (end - start);
}

/** Returns smallest and largest number, which differ. */
function bounds(values) {
  const low = Math.min(...values), high = Math.max(...values);
  const margin = low < high ? 0 : Math.abs(low) / 2 || 1;
  return [low - margin, high + margin];
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b), half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)] + sorted[Math.ceil(half)]) / 2;
};
const colorOf = (curve) => `var(--c${curve.color % COLORS})`;

/** Draws axes and curves; returns the SVG, and where an epoch is. */
function drawing({ title, curves }) {
  const points = curves.flatMap((curve) => curve.points);
  const [first, last] = bounds(points.map(([epoch]) => epoch));
  const [low, high] = bounds(points.map(([, value]) => value));
  const x = scale(first, last, LEFT, RIGHT), y = scale(low, high, BOTTOM, TOP);
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title });
  svg.classList.toggle("many", curves.length > COLORS);
  for (const value of ticks(low, high, 5)) {
    svg.append(element("line", { x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value) }));
    const place = { x: LEFT - 5, y: y(value) + 4, "text-anchor": "end" };
    svg.append(element("text", place, number.format(value)));
  }
  for (const epoch of ticks(first, last, 5, 1)) {
    svg.append(element("text", { x: x(epoch), y: BOTTOM + 16, "text-anchor": "middle" }, epoch));
  }
  for (const curve of curves) {
    const places = curve.points.map(([epoch, value]) => `${x(epoch)},${y(value)}`);
    const dashes = curve.color < COLORS ? {} : { "stroke-dasharray": "5 3" };
    svg.append(element("polyline", { points: places.join(" "), stroke: colorOf(curve), ...dashes }));
    if (places.length < 9) {
      for (const [epoch, value] of curve.points) {
        svg.append(element("circle", { cx: x(epoch), cy: y(value), r: 2.5, fill: colorOf(curve) }));
      }
    }
  }
  return { svg, x };
}

/** Adds a chart whose legend tells the numbers of the last epoch, or of that under the pointer. */
function addChart(panel) {
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  const legend = document.createElement("ul"), where = document.createElement("output");
  const { svg, x } = drawing(panel);
  const epochs = [...new Set(panel.curves.flatMap((curve) => curve.points.map(([epoch]) => epoch)))];
  const names = [...new Set(panel.curves.map((curve) => curve.name))];
  const cursor = element("line", { class: "cursor", y1: TOP, y2: BOTTOM, visibility: "hidden" });
  const values = names.map((name) => {
    const item = document.createElement("li"), dot = document.createElement("i");
    const value = document.createElement("b");
    dot.style.background = colorOf(panel.curves.find((curve) => curve.name === name));
    item.append(dot, name, value);
    legend.append(item);
    return value;
  });
  const tell = (epoch, pointed) => {
    cursor.setAttribute("visibility", pointed ? "visible" : "hidden");
    cursor.setAttribute("x1", x(epoch));
    cursor.setAttribute("x2", x(epoch));
    where.value = `epoch ${epoch}`;
    names.forEach((name, i) => {
      const own = panel.curves.filter((curve) => curve.name === name);
      const found = own.flatMap((curve) => curve.points.filter(([each]) => each === epoch));
      values[i].textContent = found.length ? number.format(median(found.map(([, v]) => v))) : "–";
    });
  };
  const point = (event) => {
    const box = svg.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * WIDTH;
    const distance = (epoch) => Math.abs(x(epoch) - at);
    tell(epochs.reduce((a, b) => (distance(b) < distance(a) ? b : a)), true);
  };
  svg.append(cursor);
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointerleave", () => tell(Math.max(...epochs), false));
  tell(Math.max(...epochs), false);
  legend.className = "legend";
  caption.append(panel.title, where);
  figure.append(caption, svg, legend);
  part("charts").append(figure);
}

if (part("samples")) addSlider();
JSON.parse(part("curves").textContent).forEach(addChart);
