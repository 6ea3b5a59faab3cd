// Enlarges the picture: wheel, two fingers, keys; drag to move it.
import { $ } from "./dom.js";
import { label, percent } from "./labels.js";
import { isPainting } from "./picture.js";
import { watch } from "./store.js";

const MOST = 8;
const view = { scale: 1, x: 0, y: 0 };
const fingers = new Map();
let pinch = null;

function apply() {
  const box = $("area").getBoundingClientRect();
  const room = (view.scale - 1) / 2;
  view.x = Math.max(-box.width * room, Math.min(box.width * room, view.x));
  view.y = Math.max(-box.height * room, Math.min(box.height * room, view.y));
  const zoomed = view.scale > 1.001;
  $("frame").style.transform = zoomed ? `translate(${view.x}px, ${view.y}px) scale(${view.scale})` : "";
  $("frame").dataset.zoomed = String(zoomed);
  $("zoomReset").hidden = !zoomed;
  $("zoomReset").textContent = percent(view.scale);
  $("zoomReset").setAttribute("aria-label", label("zoom.reset", { percent: percent(view.scale) }));
}

// Enlarges by a factor around a point of the window; the point stays where it is.
export function zoom(factor, clientX, clientY) {
  const box = $("area").getBoundingClientRect();
  const at = { x: (clientX ?? box.left + box.width / 2) - box.left - box.width / 2, y: (clientY ?? box.top + box.height / 2) - box.top - box.height / 2 };
  const scale = Math.max(1, Math.min(MOST, view.scale * factor)), change = scale / view.scale;
  view.x = at.x - (at.x - view.x) * change;
  view.y = at.y - (at.y - view.y) * change;
  view.scale = scale;
  apply();
}

export function resetZoom() {
  Object.assign(view, { scale: 1, x: 0, y: 0 });
  apply();
}

const middle = () => {
  const [a, b] = [...fingers.values()];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
};

function move(event) {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (fingers.size === 2) {
    const now = middle();
    if (pinch) { view.x += now.x - pinch.x; view.y += now.y - pinch.y; zoom(now.apart / pinch.apart, now.x, now.y); }
    pinch = now;
  } else if (view.scale > 1 && !isPainting() && !event.target.closest(".handle, .square")) {
    view.x += event.clientX - before.x;
    view.y += event.clientY - before.y;
    apply();
  }
}

export function start() {
  $("area").addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX, event.clientY);
  }, { passive: false });
  $("area").addEventListener("pointerdown", (event) => fingers.set(event.pointerId, { x: event.clientX, y: event.clientY }));
  $("area").addEventListener("pointermove", move);
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
    $("area").addEventListener(name, (event) => { fingers.delete(event.pointerId); pinch = null; });
  }
  $("area").addEventListener("dblclick", (event) => (view.scale > 1 ? resetZoom() : zoom(2.5, event.clientX, event.clientY)));
  $("zoomReset").addEventListener("click", () => { resetZoom(); $("full").focus(); });
  watch(["source"], resetZoom);
}
