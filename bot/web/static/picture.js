// The picture in the middle: the current edit, or what is being made of it.
import { $ } from "./dom.js";
import { label } from "./labels.js";
import { current, original, running, state, watch } from "./store.js";

const HOLD_MS = 180;
let holding = 0;

export const pictureUrl = (row, size) => (size ? `${row.url}&size=${size}` : row.url);
export const isPainting = () => !$("paint").hidden;
export const isComparing = () => !$("handle").hidden || !$("beside").hidden;

const dataUrl = (preview) => `data:${preview.media_type};base64,${preview.data}`;

function setSource(image, url) {
  if (image.getAttribute("src") !== url) image.src = url;
}

function draw() {
  const row = current(), work = running(), preview = work?.progress?.preview ?? null;
  const reading = work?.picture ?? false, empty = row === null && state.sent === null && !reading;
  $("app").dataset.empty = String(empty);
  $("welcome").hidden = !empty;
  $("viewer").hidden = empty;
  $("tools").hidden = row === null;
  $("brush").hidden = row === null;
  $("frame").dataset.working = String(work !== null);
  showInset(reading || state.sent ? preview : null);
  if (empty) return;
  const own = state.sent ?? (row === null ? null : row.url);
  const url = preview && !reading && !state.sent ? dataUrl(preview) : (own ?? (preview && dataUrl(preview)));
  if (url) setSource($("after"), url);
  $("after").alt = state.sent ? label("sent") : (row?.description ?? label("sent"));
  if (original()) { setSource($("before"), original().url); setSource($("besideImage"), original().url); }
}

// What the model makes of a picture while it reads it; the person's own picture stays in its place.
function showInset(preview) {
  let inset = $("inset");
  if (!preview) { inset?.remove(); return; }
  if (!inset) {
    inset = Object.assign(document.createElement("img"), { id: "inset", className: "inset", alt: label("inset") });
    $("frame").append(inset);
  }
  setSource(inset, dataUrl(preview));
}

function keepRatio() {
  const { naturalWidth: width, naturalHeight: height } = $("after");
  if (!width || $("after").src.startsWith("data:")) return;
  $("area").style.setProperty("--ratio", String(width / height));
  $("area").dataset.tall = String(height > width);
}

// Shows the original as long as the picture or the key is held.
export function holdOriginal(on) {
  if (on && (isPainting() || isComparing() || state.history.length < 2)) return;
  $("frame").dataset.holding = String(on);
  $("beforeClip").hidden = !on && $("handle").hidden;
  $("tag").hidden = !on;
  $("tag").textContent = label("original.held");
}

function watchHolding() {
  const begin = (event) => {
    if (event.button || event.target.closest(".handle, .paint, .square") || $("frame").dataset.zoomed === "true") return;
    holding = setTimeout(() => holdOriginal(true), HOLD_MS);
  };
  const end = () => { clearTimeout(holding); if ($("frame").dataset.holding === "true") holdOriginal(false); };
  $("frame").addEventListener("pointerdown", begin);
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) $("frame").addEventListener(name, end);
  $("frame").addEventListener("contextmenu", (event) => { if ($("frame").dataset.holding === "true") event.preventDefault(); });
}

export function start() {
  $("after").addEventListener("load", keepRatio);
  watchHolding();
  watch(["edit", "history", "sent", "running", "thread", "source"], draw);
}
