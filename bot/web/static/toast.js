// Short notices, and what a screen reader is told.
import { $ } from "./dom.js";

let timer = 0;

export function toast(text, { error = false } = {}) {
  $("toast").textContent = text;
  $("toast").classList.toggle("error", error);
  $("toast").hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { $("toast").hidden = true; }, error ? 8000 : 3500);
}

export function announce(text) {
  if ($("announce").textContent !== text) $("announce").textContent = text;
}
