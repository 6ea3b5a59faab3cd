// The square of the picture that is edited: shown, moved and resized.
import { $ } from "./dom.js";
import { label } from "./labels.js";
import { editSquare } from "./send.js";
import { state, watch } from "./store.js";
import { stopComparing } from "./compare.js";
import { setPainting } from "./brush.js";
import { resetZoom } from "./zoom.js";
import { announce } from "./toast.js";

const NEARLY_ALL = 0.9;
const LEAST = 48;
const square = { left: 0, top: 0, side: 0 };
let returnTo = null;

// The whole picture is edited, or nearly.
export const coversAll = ({ width, height, side }) => side >= NEARLY_ALL * Math.max(width, height);

function place() {
  const { width, height } = state.geometry;
  square.side = Math.max(Math.min(LEAST, width, height), Math.min(width, height, square.side));
  square.left = Math.max(0, Math.min(width - square.side, square.left));
  square.top = Math.max(0, Math.min(height - square.side, square.top));
  const style = $("squareBox").style;
  style.left = `${(100 * square.left) / width}%`;
  style.top = `${(100 * square.top) / height}%`;
  style.width = `${(100 * square.side) / width}%`;
  style.height = `${(100 * square.side) / height}%`;
}

function drawShown() {
  const { center_x: x, center_y: y, side } = state.geometry;
  Object.assign(square, { left: x - side / 2, top: y - side / 2, side });
  place();
}

export function setMovingSquare(on) {
  if (!state.geometry) return;
  if (on) { returnTo = document.activeElement; stopComparing(); setPainting(false); resetZoom(); drawShown(); }
  $("square").hidden = $("squareTools").hidden = !on;
  $("square").dataset.still = "false";
  if (on) $("squareBox").focus({ preventScroll: true }); else returnTo?.focus();
}

// Shows for a moment where a new picture is edited, if that is not the whole picture.
function showFound() {
  if (!state.geometry || state.history.length !== 1 || coversAll(state.geometry)) return;
  drawShown();
  $("square").dataset.still = "true";
  $("square").hidden = false;
  setTimeout(() => { if ($("square").dataset.still === "true") $("square").hidden = true; }, 4000);
}

function drag(event, corner) {
  event.preventDefault();
  event.stopPropagation();
  const box = $("frame").getBoundingClientRect(), scale = state.geometry.width / box.width;
  const begun = { ...square, x: event.clientX, y: event.clientY }, target = event.currentTarget;
  target.setPointerCapture(event.pointerId);
  target.onpointermove = (now) => {
    const [dx, dy] = [(now.clientX - begun.x) * scale, (now.clientY - begun.y) * scale];
    if (corner) square.side = begun.side + Math.max(dx, dy);
    else Object.assign(square, { left: begun.left + dx, top: begun.top + dy });
    place();
  };
  target.onlostpointercapture = () => { target.onpointermove = null; };
}

function steer(event) {
  const step = (event.shiftKey ? 0.01 : 0.05) * Math.min(state.geometry.width, state.geometry.height);
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (event.key in moves) { square.left += moves[event.key][0]; square.top += moves[event.key][1]; }
  else if (event.key === "+" || event.key === "-") square.side += event.key === "+" ? step : -step;
  else if (event.key === "Enter") { use(); return; }
  else return;
  event.preventDefault();
  event.stopPropagation();
  place();
  announce(label("square.at", { left: Math.round(square.left), top: Math.round(square.top), side: Math.round(square.side) }));
}

function use() {
  const box = [square.left, square.top, square.side].map((value) => value.toFixed(1)).join(",");
  setMovingSquare(false);
  editSquare(box, state.adjustments.length ? [{ do: "transfer" }] : []);
}

export function start() {
  $("squareBox").addEventListener("pointerdown", (event) => drag(event, event.target === $("squareCorner")));
  $("squareBox").addEventListener("keydown", steer);
  $("squareUse").addEventListener("click", use);
  $("squareCancel").addEventListener("click", () => setMovingSquare(false));
  watch(["source"], () => { if (state.source !== null) showFound(); });
  watch(["edit"], () => { $("square").hidden = $("squareTools").hidden = true; if (state.history.length === 1) showFound(); });
}
