// The changes in force: each a chip with a slider, a menu and a way to take it off.
import { $, iconButton, make } from "./dom.js";
import { setPainting } from "./brush.js";
import { label, percent } from "./labels.js";
import { openMenu } from "./menu.js";
import { write } from "./composer.js";
import { choosePicture } from "./files.js";
import { act, actOnPicture } from "./send.js";
import { running, state, watch } from "./store.js";
import { beginPreview, endPreview, showStrength } from "./strength.js";

const KEYBOARD_MS = 700;
let waiting = 0;

const addition = (a, more = {}) => ({ do: "add", prompt: a.target, said: a.prompt === a.target ? null : a.prompt, strength: a.strength, ...more });

function commit(adjustment, size) {
  clearTimeout(waiting);
  const strength = (adjustment.strength < 0 ? -1 : 1) * size * adjustment.usual;
  if (Math.abs(strength - adjustment.strength) < 0.005) { endPreview(); return; }
  act(size < 0.05 ? [{ do: "remove", target: adjustment.target }] : [{ do: "set", target: adjustment.target, strength }]);
}

function slider(adjustment, value) {
  const most = Math.max(1, Math.min(2, adjustment.most / adjustment.usual));
  const range = make("input", { type: "range", min: 0, max: most, step: 0.05, value: Math.abs(adjustment.strength / adjustment.usual) });
  range.setAttribute("aria-label", label("strength", { name: adjustment.prompt }));
  const tell = () => {
    value.textContent = percent(range.valueAsNumber);
    range.setAttribute("aria-valuetext", value.textContent);
    range.style.setProperty("--share", `${(100 * range.valueAsNumber) / most}%`);
  };
  let held = false;
  range.addEventListener("pointerdown", () => { held = true; beginPreview(adjustment, most * adjustment.usual); });
  range.addEventListener("input", () => {
    tell();
    beginPreview(adjustment, most * adjustment.usual);
    showStrength(range.valueAsNumber * adjustment.usual);
    clearTimeout(waiting);
    if (!held) waiting = setTimeout(() => commit(adjustment, range.valueAsNumber), KEYBOARD_MS);
  });
  range.addEventListener("change", () => { if (held) commit(adjustment, range.valueAsNumber); });
  for (const name of ["pointerup", "pointercancel"]) range.addEventListener(name, () => setTimeout(() => { held = false; }));  // after "change"
  range.addEventListener("blur", () => { if (!running()) endPreview(); });
  tell();
  return range;
}

function menuOf(button, adjustment) {
  const { target } = adjustment;
  openMenu(button, [
    [label("change.here"), () => setPainting(true, (area) => {
      const mask = new File([area], "mask.png", { type: "image/png" });
      act([{ do: "remove", target }, addition(adjustment)], { mask });
    })],
    [label("change.keep"), () => write(label("change.keep.text", { name: adjustment.prompt }))],
    [label("change.only"), () => act([...state.adjustments.filter((one) => one.target !== target).map((one) => ({ do: "remove", target: one.target }))]), state.adjustments.length > 1],
    [label("change.again"), () => choosePicture((file) => actOnPicture([addition(adjustment)], file))],
    [label("change.opposite"), () => act([{ do: "set", target, strength: -adjustment.strength }])],
    null,
    [label("change.remove"), () => act([{ do: "remove", target }])],
  ]);
}

function chip(adjustment) {
  const name = adjustment.face ? label("of-face", { name: adjustment.prompt, number: adjustment.face }) : adjustment.prompt;
  const value = make("output", { className: "value" });
  const more = iconButton("dots", label("change.menu", { name }), () => menuOf(more, adjustment));
  more.setAttribute("aria-haspopup", "menu");
  const title = make("span", { className: "name", textContent: adjustment.strength < 0 ? label("opposite", { name }) : name, title: name });
  const off = iconButton("close", label("change.off", { name }), () => act([{ do: "remove", target: adjustment.target }]));
  const item = make("li", { className: "change" }, title, slider(adjustment, value), value, more, off);
  item.dataset.target = adjustment.target;
  item.dataset.local = String(adjustment.local);
  return item;
}

function draw() {
  const focused = document.activeElement?.closest?.("#changes .change")?.dataset.target;
  const part = document.activeElement?.tagName;
  endPreview();
  $("changesRegion").hidden = state.adjustments.length === 0;
  $("changes").replaceChildren(...state.adjustments.map(chip));
  if (focused === undefined) return;
  const same = [...$("changes").children].find((item) => item.dataset.target === focused);
  (same?.querySelector(part.toLowerCase()) ?? $("text")).focus({ preventScroll: true });
}

export function start() {
  watch(["edit", "adjustments"], draw);
}
