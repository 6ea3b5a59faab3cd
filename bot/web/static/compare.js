// Before and after: a divider to drag, or both side by side.
import { $ } from "./dom.js";
import { label } from "./labels.js";
import { resetZoom } from "./zoom.js";
import { setPainting } from "./brush.js";
import { state, watch } from "./store.js";
import { onEvent } from "./thread.js";

function setSplit(percent) {
  const value = Math.max(0, Math.min(100, percent));
  $("frame").style.setProperty("--split", `${value}%`);
  $("handle").setAttribute("aria-valuenow", String(Math.round(value)));
  $("handle").setAttribute("aria-valuetext", label("slider.value", { number: Math.round(value) }));
}

export function setComparing(on) {
  const show = on && state.history.length > 0;
  if (show) { setPainting(false); setBeside(false); setSplit(50); }
  $("compare").setAttribute("aria-pressed", String(show));
  $("beforeClip").hidden = $("handle").hidden = !show;
  if (show) $("handle").focus({ preventScroll: true });
}

export function setBeside(on) {
  if (on) { setComparing(false); setPainting(false); resetZoom(); }
  $("beside").hidden = !on;
  $("area").dataset.beside = String(on);
}

const comparing = () => !$("handle").hidden;
export const isBeside = () => !$("beside").hidden;
export const toggleCompare = () => (isBeside() ? setBeside(false) : setComparing(!comparing()));

export function stopComparing() {
  const was = comparing() || isBeside();
  setComparing(false);
  setBeside(false);
  return was;
}

export function start() {
  $("compare").addEventListener("click", toggleCompare);
  $("handle").addEventListener("keydown", (event) => {
    const now = Number($("handle").getAttribute("aria-valuenow"));
    const moves = { ArrowLeft: now - 5, ArrowDown: now - 5, ArrowRight: now + 5, ArrowUp: now + 5, Home: 0, End: 100 };
    if (event.key in moves) { event.preventDefault(); event.stopPropagation(); setSplit(moves[event.key]); }
  });
  $("handle").addEventListener("pointerdown", (event) => { event.stopPropagation(); $("handle").setPointerCapture(event.pointerId); });
  $("handle").addEventListener("pointermove", (event) => {
    if (!$("handle").hasPointerCapture(event.pointerId)) return;
    const box = $("frame").getBoundingClientRect();
    setSplit((100 * (event.clientX - box.left)) / box.width);
  });
  watch(["edit", "source"], stopComparing);  // a new picture is seen whole
  onEvent((event) => {
    if (event.event === "turn" && event.actions?.some((action) => action.do === "show" && action.what === "compare")) setTimeout(() => setComparing(true));
  });
}
