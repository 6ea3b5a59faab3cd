// The buttons above the picture, full screen, and the keys that do the same.
import { $, make } from "./dom.js";
import { closeMenu, openMenu } from "./menu.js";
import { isBeside, setBeside, stopComparing, toggleCompare } from "./compare.js";
import { setPainting } from "./brush.js";
import { sayByMethods } from "./composer.js";
import { openHistory } from "./dialogs.js";
import { label } from "./labels.js";
import { holdOriginal, isPainting } from "./picture.js";
import { act } from "./send.js";
import { copyPicture, downloadMade } from "./share.js";
import { setMovingSquare } from "./square.js";
import { current, running, state, watch } from "./store.js";
import { resetZoom, zoom } from "./zoom.js";
import { openDialog } from "./dialogs.js";

export const canUndo = () => current()?.parent != null;
export const canRedo = () => state.history.some((row) => row.parent === state.edit);
const undo = () => { if (canUndo()) act([{ do: "undo" }]); };
const redo = () => { if (canRedo()) act([{ do: "redo" }]); };

function drawButtons() {
  const edited = state.history.length > 1;
  $("undo").disabled = !canUndo();
  $("redo").disabled = !canRedo();
  $("compare").disabled = !edited || current()?.number === 0;
  $("variations").disabled = state.edit === null || running() !== null;
}

function more() {
  const edited = (current()?.number ?? 0) > 0;
  openMenu($("more"), [
    [label("beside"), () => setBeside(!isBeside()), edited],
    [label("methods"), sayByMethods],
    [label("history"), openHistory, state.history.length > 1],
    [label("square"), () => setMovingSquare(true), state.faces < 2 && Boolean(state.geometry)],
    null,
    [label("copy"), copyPicture],
    [label("share.comparison"), () => downloadMade("comparison"), edited],
    [label("share.animation"), () => downloadMade("animation"), edited],
    null,
    [label("keys"), () => openDialog($("keys"))],
  ]);
}

async function toggleFull() {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await $("stage").requestFullscreen?.();
}

const KEYS = {
  f: toggleFull, c: toggleCompare, b: () => setPainting(!isPainting()), "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: resetZoom,
  "?": () => openDialog($("keys")), "/": () => $("text").focus(),
};

function press(event) {
  const typing = event.target.closest?.("input:not([type=range]), textarea, select, dialog");
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key.toLowerCase() === "z" && !(typing && event.target.value)) {
    event.preventDefault();
    (event.shiftKey ? redo : undo)();
  } else if (event.key === "Escape") { if (!stopComparing()) { setPainting(false); setMovingSquare(false); } closeMenu(); }
  else if (typing || command || event.altKey || state.edit === null) return;
  else if (event.key === "o") holdOriginal(true);
  else if (event.key in KEYS) { event.preventDefault(); KEYS[event.key](); }
}

function listKeys() {
  const rows = [["Enter", "send"], ["↑", "recall"], ["Ctrl+Z", "undo"], ["Shift+Ctrl+Z", "redo"], ["C", "compare"], ["O", "hold"], ["B", "brush"], ["F", "full"], ["+ − 0", "zoom"], ["/", "focus"], ["Esc", "escape"], ["?", "help"]];
  $("keyList").replaceChildren(...rows.flatMap(([key, name]) => [make("dt", {}, ...key.split(" ").map((one) => make("kbd", { textContent: one }))), make("dd", { textContent: label(`key.${name}`) })]));
}

export function start() {
  $("undo").addEventListener("click", undo);
  $("redo").addEventListener("click", redo);
  $("variations").addEventListener("click", () => act([{ do: "variations", count: 3 }]));
  $("more").addEventListener("click", more);
  $("full").addEventListener("click", toggleFull);
  document.addEventListener("fullscreenchange", () => $("full").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement))));
  document.addEventListener("keydown", press);
  document.addEventListener("keyup", (event) => { if (event.key === "o") holdOriginal(false); });
  listKeys();
  watch(["edit", "history", "running", "thread"], drawButtons);
}
