// The box in which one writes.
import { $, iconButton, make } from "./dom.js";
import { label } from "./labels.js";
import { sendPicture } from "./files.js";
import { say } from "./send.js";
import { state, watch } from "./store.js";

let attached = null;

// Keeps a picture with the text until both can be sent.
export function attach(file) {
  attached = file;
  $("attachment").hidden = !file;
  $("attachment").replaceChildren();
  if (file) {
    $("attachment").append(
      make("img", { src: URL.createObjectURL(file), alt: label("attached", { name: file.name }) }),
      make("span", { textContent: file.name }),
      iconButton("close", label("attached.remove"), () => { attach(null); $("text").focus(); }),
    );
  }
}

function fit() {
  $("text").style.height = "";
  if ($("text").value) $("text").style.height = `${$("text").scrollHeight + 2}px`;
}

export function write(text) {
  $("text").value = text;
  fit();
  $("text").focus();
}

async function submit() {
  const text = $("text").value;
  if (attached) { sendPicture(attached); return; }
  if (!text.trim()) return;
  write("");
  if (!(await say(text)) && !$("text").value) write(text);
}

// Does what is written by every method, side by side.
export async function sayByMethods() {
  const text = $("text").value.trim();
  if (!text) { $("text").focus(); return; }
  write("");
  if (!(await say(text, { compare: true }))) write(text);
}

function recall() {
  const mine = state.lines.findLast((line) => line.author === "person" && line.text);
  if (mine) write(mine.text);
}

function drawPlaceholder() {
  const wait = state.trouble ?? (state.ready ? null : label("warming"));
  $("text").placeholder = !state.connected ? label("offline") : (wait ?? label(state.painting ? "brush.placeholder" : "placeholder"));
}

export function start() {
  $("composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  $("text").addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); submit(); }
    if (event.key === "ArrowUp" && !$("text").value) { event.preventDefault(); recall(); }
  });
  $("text").addEventListener("input", fit);
  watch(["ready", "trouble", "connected", "painting", "thread"], drawPlaceholder);
}
