// What was said, the work under way, and what waits.
import { $, iconButton, make } from "./dom.js";
import { stop, withdraw } from "./api.js";
import { has, label, percent } from "./labels.js";
import { act, goTo } from "./send.js";
import { pictureUrl } from "./picture.js";
import { original, running, state, watch } from "./store.js";
import { announce } from "./toast.js";
import { write } from "./composer.js";

const shown = new Map();
let thread = null;

const rowOf = (picture) => state.history.find((row) => row.edit === picture.edit);

function choose(picture) {
  const row = rowOf(picture);
  if (row) goTo(row); else act([{ do: "goto", edit: picture.number }]);
}

function card(picture, several) {
  const caption = picture.caption || (several ? label("card", { number: picture.number }) : "");
  const url = rowOf(picture)?.url ?? `${picture.url}?`;
  const image = make("img", { src: `${url}&size=${several ? 320 : 240}`, alt: picture.alt, onload: scrollToEnd });
  const title = label("goto", { number: picture.number, description: picture.alt });
  const open = make("button", { type: "button", className: "thumb", title, "aria-label": title, onclick: () => choose(picture) }, image);
  if (!several) return open;
  const use = make("button", { type: "button", className: "use", textContent: label("use"), "aria-label": label("use.this", { name: caption }), onclick: () => choose(picture) });
  return make("div", { className: "card" }, open, make("span", { textContent: caption }), use);
}

// The picture that the person sent; after a reload it is known only when it was read.
function ownPicture() {
  const url = state.sent ?? (original() ? pictureUrl(original(), 240) : null);
  if (url === null) return make("span", { className: "unknown", textContent: label("sent") });
  return make("img", { className: "own", src: url, alt: label("sent"), onload: scrollToEnd });
}

function element(line, before) {
  if (line.author === "note") return make("p", { className: "note", textContent: line.text });
  const mine = line.author === "person";
  const who = make("span", { className: "hidden", textContent: label(mine ? "you" : "bot") });
  const bubble = make("div", { className: `bubble ${mine ? "me" : "bot"}${line.error ? " error" : ""}` }, who);
  if (line.picture) bubble.append(ownPicture());
  bubble.append(line.text);
  const pictures = (line.pictures ?? []).filter((picture) => !(before?.picture && picture.number === 0));
  if (pictures.length) {
    const several = pictures.length > 1;
    bubble.append(make("div", { className: several ? "cards" : "thumbs" }, ...pictures.map((picture) => card(picture, several))));
  }
  return bubble;
}

function scrollToEnd() {
  $("log").scrollTop = $("log").scrollHeight;
}

// Adds the lines that are new; notes that follow each other replace the one before.
function draw() {
  if (thread !== state.thread && !state.lines.some((line) => shown.has(line))) { shown.clear(); $("log").replaceChildren(greeting()); }
  thread = state.thread;
  for (const [line, one] of shown) if (!state.lines.includes(line)) { one.remove(); shown.delete(line); }
  if (original()) $("log").querySelectorAll(".unknown").forEach((unknown) => unknown.replaceWith(ownPicture()));
  let before = null;
  for (const line of state.lines) {
    if (before?.author === "note" && line.author === "note") shown.get(before)?.remove();
    if (!shown.has(line)) { const one = element(line, before); shown.set(line, one); $("log").insertBefore(one, $("work")); }
    before = line;
  }
  drawWork();
  scrollToEnd();
}

function greeting() {
  return make("div", { className: "bubble bot", id: "greeting" }, make("span", { className: "hidden", textContent: label("bot") }), label(state.source === null ? "greeting" : "welcome-back"));
}

function stageOf(work) {
  const { event, stage, position } = work.progress ?? {};
  if (work.thread !== state.thread) return label("working.elsewhere");
  if (work.stopping) return label("halting");
  if (event === "queued") return position ? label("waiting", { number: position }) : label("starting");
  return event === "progress" && has(`stage.${stage}`) ? label(`stage.${stage}`) : label("working");
}

function drawWork() {
  const waits = state.queue.some((message) => message.thread === state.thread);
  const work = running() ?? (waits ? state.running : null);
  let row = $("work");
  if (!work) { row?.remove(); $("bar").hidden = true; return; }
  if (!row) {
    const halt = make("button", { type: "button", id: "stop", textContent: label("stop"), onclick: () => stop() });
    row = make("div", { id: "work", className: "work", "aria-live": "off" }, make("span", { className: "dots", "aria-hidden": "true" }), make("span", { id: "stageText" }), make("progress", { id: "workBar", max: 1, "aria-label": label("progress") }), halt);
    $("log").append(row);
    scrollToEnd();
  }
  const text = stageOf(work), { step, total, event } = work.progress ?? {};
  const share = event === "progress" && total > 1 ? step / total : null;
  if ($("stageText").textContent !== text) { $("stageText").textContent = text; announce(text); }
  $("stop").disabled = work.stopping;
  $("bar").hidden = false;
  for (const bar of [$("bar"), $("workBar")]) if (share === null) bar.removeAttribute("value"); else bar.value = share;
}

function nameOf(message) {
  if (message.text) return message.text;
  if (message.picture) return label("sent");
  const action = message.actions[0] ?? {};
  const key = `action.${action.do}`;
  return has(key) ? label(key, { target: action.target ?? action.prompt ?? "", percent: percent(action.strength ?? 1) }) : label("queue.button");
}

function drawQueue() {
  $("queue").hidden = state.queue.length === 0;
  $("queue").replaceChildren(...state.queue.map((message) => {
    const name = nameOf(message);
    const back = async () => { await withdraw(message.id); if (message.text && !$("text").value) write(message.text); else $("text").focus(); };
    return make("li", {}, make("span", { className: "hidden", textContent: label("queue.next") }), make("span", { className: "name", textContent: name }), iconButton("close", label("queue.back", { name }), back));
  }));
}

function drawSuggestions() {
  $("chips").replaceChildren(...state.examples.map((example) => make("button", { type: "button", textContent: example, "data-say": example })));
}

export function start(say) {
  $("chips").addEventListener("click", (event) => { const text = event.target.dataset?.say; if (text) say(text); });
  watch(["lines", "thread", "source"], draw);
  watch(["running"], () => { drawWork(); });
  watch(["queue"], () => { drawQueue(); drawWork(); });
  watch(["examples"], drawSuggestions);
}
