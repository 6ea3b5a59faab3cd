// The brush: where the next change may act. The painted area is sent as a mask of the whole picture, white on black.
import { $, make } from "./dom.js";
import { label } from "./labels.js";
import { stopComparing } from "./compare.js";
import { isPainting } from "./picture.js";
import { resetZoom } from "./zoom.js";
import { onSending } from "./send.js";
import { set, state, watch } from "./store.js";
import { announce } from "./toast.js";

const MAX_SIDE = 512;
const canvas = $("paint"), brush = canvas.getContext("2d");
let painted = false, last = null, cursor = null, apply = null;

// Starts or ends painting. ``then`` is called with the mask when the person is done, instead of with the next message.
export function setPainting(on, then = null) {
  if (on) { stopComparing(); resetZoom(); }
  if (on === !canvas.hidden && !then) return;
  $("brush").setAttribute("aria-pressed", String(on));
  canvas.hidden = $("brushTools").hidden = !on;
  apply = on ? then : null;
  $("brushDone").hidden = !apply;
  clear();
  set({ painting: on });
  if (on) canvas.focus({ preventScroll: true });
}

function clear() {
  const image = $("after"), scale = MAX_SIDE / Math.max(image.naturalWidth, image.naturalHeight, 1);
  canvas.width = Math.max(1, Math.round(scale * image.naturalWidth));
  canvas.height = Math.max(1, Math.round(scale * image.naturalHeight));
  painted = false;
  last = cursor = null;
  setErasing(false);
}

function setErasing(on) {
  $("erase").setAttribute("aria-pressed", String(on));
  brush.globalCompositeOperation = on ? "destination-out" : "source-over";
}

const width = () => (MAX_SIDE * $("brushSize").valueAsNumber) / 100;

function strokeTo(point) {
  brush.strokeStyle = getComputedStyle(canvas).color;
  brush.lineWidth = width();
  brush.lineCap = "round";
  brush.beginPath();
  brush.moveTo(...(last ?? point));
  brush.lineTo(...point);
  brush.stroke();
  last = point;
  painted = true;
}

function pointOf(event) {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
}

function fillHalf(right) {
  setErasing(false);
  brush.clearRect(0, 0, canvas.width, canvas.height);
  brush.fillStyle = getComputedStyle(canvas).color;
  brush.fillRect(right ? canvas.width / 2 : 0, 0, canvas.width / 2, canvas.height);
  painted = true;
  announce(label(right ? "brush.right.done" : "brush.left.done"));
}

// By keyboard: arrows move a cross, the space bar paints under it.
function steer(event) {
  const step = event.shiftKey ? 4 : 16;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (event.key in moves) {
    cursor ??= [canvas.width / 2, canvas.height / 2];
    cursor = [0, 1].map((axis) => Math.max(0, Math.min([canvas.width, canvas.height][axis], cursor[axis] + moves[event.key][axis])));
    if (pressed) strokeTo(cursor); else last = null;
    showCursor();
  } else if (event.key === " ") {
    cursor ??= [canvas.width / 2, canvas.height / 2];
    pressed = true;
    strokeTo(cursor);
    showCursor();
  } else if (event.key === "Enter") (apply ? $("brushDone") : $("text")).focus();
  else if (event.key === "+" || event.key === "-") $("brushSize").valueAsNumber += event.key === "+" ? 2 : -2;
  else return;
  event.preventDefault();
  event.stopPropagation();
}
let pressed = false;

function showCursor() {
  const share = (value, whole) => Math.round((100 * value) / whole);
  canvas.style.setProperty("--x", `${share(cursor[0], canvas.width)}%`);
  canvas.style.setProperty("--y", `${share(cursor[1], canvas.height)}%`);
  canvas.dataset.cursor = "true";
  announce(label("brush.at", { x: share(cursor[0], canvas.width), y: share(cursor[1], canvas.height) }));
}

function mask() {
  const copy = make("canvas", { width: canvas.width, height: canvas.height });
  const context = copy.getContext("2d");
  const fill = (mode, colour) => { context.globalCompositeOperation = mode; context.fillStyle = colour; context.fillRect(0, 0, copy.width, copy.height); };
  context.drawImage(canvas, 0, 0);
  fill("source-in", "#fff");
  fill("destination-over", "#000");
  return new Promise((resolve) => copy.toBlob(resolve, "image/png"));
}

// Returns the painted area as a field of a message, and ends painting.
async function takeMask() {
  const area = painted ? await mask() : null;
  setPainting(false);
  return area ? { mask: new File([area], "mask.png", { type: "image/png" }) } : {};
}

async function finish() {
  if (!painted) { announce(label("brush.nothing")); return; }
  const then = apply, area = await mask();
  setPainting(false);
  then?.(area);
}

export function start() {
  $("brush").addEventListener("click", () => setPainting(!isPainting()));
  $("brushClose").addEventListener("click", () => { setPainting(false); $("brush").focus(); });
  $("brushDone").addEventListener("click", finish);
  $("erase").addEventListener("click", () => setErasing($("erase").getAttribute("aria-pressed") !== "true"));
  $("clear").addEventListener("click", clear);
  $("leftHalf").addEventListener("click", () => fillHalf(false));
  $("rightHalf").addEventListener("click", () => fillHalf(true));
  canvas.addEventListener("keydown", steer);
  canvas.addEventListener("keyup", (event) => { if (event.key === " ") { pressed = false; last = null; } });
  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    delete canvas.dataset.cursor;
    canvas.setPointerCapture(event.pointerId);
    last = null;
    strokeTo(pointOf(event));
  });
  canvas.addEventListener("pointermove", (event) => { if (canvas.hasPointerCapture(event.pointerId)) strokeTo(pointOf(event)); });
  canvas.addEventListener("lostpointercapture", () => { last = null; });
  watch(["edit", "source"], () => setPainting(false));
  onSending(() => (isPainting() && !apply ? takeMask() : null));
}

state.painting = false;
