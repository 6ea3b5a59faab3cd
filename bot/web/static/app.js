// The page of the local chat. It shows the server's answers and sends what the user types; the server decides everything.
const $ = (id) => document.getElementById(id);
const LABELS = JSON.parse($("app").dataset.labels);
// Returns a text in the page's language, with its {placeholders} filled in.
const label = (key, values = {}) => LABELS[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const state = { edit: null, busy: false, history: [], first: null, comparing: false, painting: false, painted: false, waiting: null };

const pictureUrl = (edit) => `/api/pictures/${edit}`;
const make = (tag, props = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children);
  return element;
};

function addBubble(who, text, { pictures = [], error = false } = {}) {
  const bubble = make("div", { className: `bubble ${who}${error ? " error" : ""}`, textContent: text });
  if (pictures.length) {
    const thumbs = make("div", { className: "thumbs" });
    for (const picture of pictures) {
      const button = make("button", { type: "button", title: picture.alt, onclick: () => showPicture(picture.url, picture.alt) });
      button.append(make("img", { src: picture.url, alt: picture.alt, onload: scrollToEnd }));
      if (picture.caption) button.append(make("span", { textContent: `${picture.number}. ${picture.caption}` }));
      thumbs.append(button);
    }
    bubble.append(thumbs);
  }
  $("log").append(bubble);
  scrollToEnd();
  return bubble;
}

function scrollToEnd() {
  $("log").scrollTop = $("log").scrollHeight;
}

function showPicture(url, alt) {
  $("after").removeAttribute("width");
  $("after").src = url;
  $("after").alt = alt;
}

// A preview is small, so it is enlarged to the size of the picture that it replaces.
function showPreview(preview) {
  if (!$("after").hasAttribute("width")) $("after").width = $("after").clientWidth;
  $("after").src = `data:${preview.media_type};base64,${preview.data}`;
}

function setSplit(percent) {
  const value = Math.max(0, Math.min(100, percent));
  $("frame").style.setProperty("--split", `${value}%`);
  $("handle").setAttribute("aria-valuenow", String(Math.round(value)));
  $("handle").setAttribute("aria-valuetext", label("slider.value", { number: Math.round(value) }));
}

function setComparing(on) {
  state.comparing = on && state.first !== null;
  $("compare").setAttribute("aria-pressed", String(state.comparing));
  $("beforeClip").hidden = $("handle").hidden = !state.comparing;
  if (state.comparing) { setPainting(false); setSplit(50); $("handle").focus({ preventScroll: true }); }
}

function showPlaceholder() {
  $("text").placeholder = state.waiting ?? label(state.painting ? "brush.placeholder" : "placeholder");
}

// The brush. The painted area is sent with the next request, as a mask of the whole picture: white on black.
const MAX_SIDE = 512;
const brush = $("paint").getContext("2d");

function setPainting(on) {
  if (on) setComparing(false);
  state.painting = on;
  $("brush").setAttribute("aria-pressed", String(on));
  $("paint").hidden = $("brushTools").hidden = !on;
  if (on) clearPainting(); else state.painted = false;
  showPlaceholder();
}

function clearPainting() {
  const scale = MAX_SIDE / Math.max($("after").naturalWidth, $("after").naturalHeight);
  $("paint").width = Math.round(scale * $("after").naturalWidth);
  $("paint").height = Math.round(scale * $("after").naturalHeight);
  state.painted = false;
  setErasing(false);
}

function setErasing(on) {
  $("erase").setAttribute("aria-pressed", String(on));
  brush.globalCompositeOperation = on ? "destination-out" : "source-over";
}

function stroke(event) {
  const box = $("paint").getBoundingClientRect();
  const point = [event.clientX, event.clientY].map((at, axis) => (MAX_SIDE * (at - [box.left, box.top][axis])) / Math.max(box.width, box.height));
  const from = state.stroke ?? point;
  brush.strokeStyle = getComputedStyle($("paint")).color;
  brush.lineWidth = (MAX_SIDE * $("brushSize").valueAsNumber) / 100;
  brush.lineCap = "round";
  brush.beginPath();
  brush.moveTo(...from);
  brush.lineTo(...point);
  brush.stroke();
  state.stroke = point;
  state.painted = true;
}

function paintedMask() {
  const mask = make("canvas", { width: $("paint").width, height: $("paint").height });
  const context = mask.getContext("2d");
  const fill = (mode, colour) => { context.globalCompositeOperation = mode; context.fillStyle = colour; context.fillRect(0, 0, mask.width, mask.height); };
  context.drawImage($("paint"), 0, 0);
  fill("source-in", "#fff");
  fill("destination-over", "#000");
  return new Promise((resolve) => mask.toBlob(resolve, "image/png"));
}

function setBusy(busy, text = label("working"), share = null) {
  state.busy = busy;
  $("busy").hidden = !busy;
  $("stageText").textContent = text;
  if (share === null) $("bar").removeAttribute("value"); else $("bar").value = share;
  $("send").disabled = busy;
  document.querySelectorAll("[data-say], #methods, #chips button, #strip button, #samples button").forEach((b) => { b.disabled = busy; });
}

function render(conversation) {
  state.edit = conversation.edit;
  state.history = conversation.history;
  const empty = conversation.edit === null;
  $("app").dataset.empty = String(empty);
  $("welcome").hidden = !empty;
  $("viewer").hidden = empty;
  if (empty) return;
  const current = conversation.history.find((row) => row.edit === conversation.edit);
  state.first = conversation.history[0].edit;
  showPicture(pictureUrl(conversation.edit), current.description);
  $("before").src = pictureUrl(state.first);
  $("download").href = `${pictureUrl(conversation.edit)}?download=1`;
  $("pills").replaceChildren(...conversation.adjustments.map((a) => {
    const pill = make("li", {}, make("b", { textContent: a.prompt }));
    if (Math.abs(a.strength - 1) > 0.01) pill.append(` ${label("percent", { number: Math.round(a.strength * 100) })}`);
    return pill;
  }));
  $("strip").replaceChildren(...conversation.history.map((row, index) => {
    const button = make("button", { type: "button", title: `${row.number}. ${row.description}`, onclick: () => say(label("say.goto", row)) });
    button.setAttribute("aria-label", label("goto", row));
    button.setAttribute("aria-current", String(row.edit === conversation.edit));
    button.append(make("img", { src: pictureUrl(row.edit), alt: "", loading: "lazy" }));
    const item = make("li", {}, button, make("span", { textContent: row.number === 0 ? label("original") : row.text }));
    if (index && row.parent !== conversation.history[index - 1].edit) item.className = "branch";
    return item;
  }));
  $("strip").querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// Shows a picture that was just sent. Its previews, and then the result, replace it.
function showSent(url) {
  setComparing(false);
  setPainting(false);
  $("welcome").hidden = true;
  $("viewer").hidden = false;
  showPicture(url, label("sent"));
}

// Shows the current edit again if a message changed nothing.
function showCurrent() {
  const empty = state.edit === null;
  $("welcome").hidden = !empty;
  $("viewer").hidden = empty;
  if (!empty) showPicture(pictureUrl(state.edit), state.history.find((row) => row.edit === state.edit).description);
}

function progress(event) {
  if (event.event === "queued") setBusy(true, event.position ? label("waiting", { number: event.position }) : label("starting"));
  if (event.event === "started") setBusy(true);
  if (event.preview) showPreview(event.preview);
  if (event.event === "progress") setBusy(true, LABELS[`stage.${event.stage}`] ?? label("working"), event.total > 1 ? event.step / event.total : null);
}

async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { value, done } = await reader.read();
    pending += value ?? "";
    const parts = pending.split("\n");
    pending = parts.pop();
    for (const part of parts) if (part) yield JSON.parse(part);
    if (done) return;
  }
}

async function say(text, picture = null, preview = null, address = "/api/talk") {
  if (state.busy || (!text.trim() && !picture)) return false;
  const form = new FormData();
  form.set("text", text);
  if (picture) { form.set("picture", picture); form.set("quality", $("quality").value); }
  else if (state.painted) form.set("mask", await paintedMask(), "mask.png");
  if (picture) showSent(preview);
  const mine = addBubble("me", text, { pictures: preview ? [{ url: preview, alt: label("sent") }] : [] });
  setBusy(true, label("sending"));
  try {
    const response = await fetch(address, { method: "POST", body: form });
    if (!response.ok) throw Object.assign(new Error(await response.text()), { kind: "refused" });
    for await (const event of lines(response)) {
      if (event.event !== "turn") { progress(event); continue; }
      addBubble("bot", event.reply, { pictures: event.pictures, error: event.error !== null });
      if (event.edit !== null && event.edit !== state.edit) setPainting(false);
      if (event.edit !== null) { render(event); suggest(event.examples); }
      if (event.actions.some((a) => a.do === "show" && a.what === "compare")) setComparing(true);
    }
    return true;
  } catch (error) {
    mine.remove();
    addBubble("bot", error.kind === "refused" && error.message ? error.message : label("unreachable"), { error: true });
    return false;
  } finally {
    if (/^(data|blob):/.test($("after").src)) showCurrent();
    setBusy(false);
    $("text").focus({ preventScroll: true });
  }
}

async function sendPicture(file) {
  const text = $("text").value;
  if (await say(text, file, URL.createObjectURL(file))) $("text").value = "";
  setComparing(false);
}

async function sendSample(number) {
  const blob = await (await fetch(`/samples/${number}.png`)).blob();
  await sendPicture(new File([blob], `sample-${number}.png`, { type: "image/png" }));
}

function suggest(examples) {
  $("chips").replaceChildren(...examples.slice(0, 12).map((example) =>
    make("button", { type: "button", textContent: example, onclick: () => say(example) })));
}

async function load() {
  try {
    const conversation = await (await fetch("/api/state")).json();
    if (conversation.edit !== null && state.edit === null) { render(conversation); greeting.textContent = label("welcome-back"); }
    if (!$("samples").children.length) {
      if (!$("quality").dataset.chosen) $("quality").value = conversation.quality;  // keep what the user has already chosen
      $("samples").replaceChildren(...conversation.samples.map((number) => {
        const button = make("button", { type: "button", onclick: () => sendSample(number) }, make("img", { src: `/samples/${number}.png`, alt: "" }));
        button.setAttribute("aria-label", label("sample", { number }));
        return button;
      }));
    }
    state.waiting = conversation.trouble ?? (conversation.ready ? null : label("warming"));
    showPlaceholder();
    suggest(conversation.examples);
    if (!conversation.ready) setTimeout(load, 700);
  } catch {
    setTimeout(load, 2000);
  }
}

$("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value;
  if (!text.trim() || state.busy) return;
  $("text").value = "";
  $("text").style.height = "";
  if (!(await say(text))) $("text").value = text;
});
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("composer").requestSubmit(); }
});
$("text").addEventListener("input", () => { $("text").style.height = ""; $("text").style.height = `${$("text").scrollHeight + 2}px`; });
$("text").addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((f) => f.type.startsWith("image/"));
  if (file) { event.preventDefault(); sendPicture(file); }
});
$("quality").addEventListener("change", () => { $("quality").dataset.chosen = "yes"; });
$("file").addEventListener("change", () => { const file = $("file").files[0]; $("file").value = ""; if (file) sendPicture(file); });
document.querySelectorAll('label[role="button"]').forEach((label) => label.addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === " ") { event.preventDefault(); $("file").click(); }
}));
document.querySelectorAll("[data-say]").forEach((button) => button.addEventListener("click", () => say(label(`say.${button.dataset.say}`))));
$("methods").addEventListener("click", async () => {
  const text = $("text").value.trim();
  if (!text) $("text").focus();
  else if (await say(text, null, null, "/api/compare")) $("text").value = "";
});
$("compare").addEventListener("click", () => setComparing(!state.comparing));
$("brush").addEventListener("click", () => setPainting(!state.painting));
$("erase").addEventListener("click", () => setErasing($("erase").getAttribute("aria-pressed") !== "true"));
$("clear").addEventListener("click", clearPainting);
$("paint").addEventListener("pointerdown", (event) => { event.preventDefault(); $("paint").setPointerCapture(event.pointerId); stroke(event); });
$("paint").addEventListener("pointermove", (event) => { if ($("paint").hasPointerCapture(event.pointerId)) stroke(event); });
$("paint").addEventListener("lostpointercapture", () => { state.stroke = null; });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") { setComparing(false); setPainting(false); } });

$("handle").addEventListener("keydown", (event) => {
  const now = Number($("handle").getAttribute("aria-valuenow"));
  const moves = { ArrowLeft: now - 5, ArrowDown: now - 5, ArrowRight: now + 5, ArrowUp: now + 5, Home: 0, End: 100 };
  if (event.key in moves) { event.preventDefault(); setSplit(moves[event.key]); }
});
$("handle").addEventListener("pointerdown", (event) => $("handle").setPointerCapture(event.pointerId));
$("handle").addEventListener("pointermove", (event) => {
  if (!$("handle").hasPointerCapture(event.pointerId)) return;
  const box = $("frame").getBoundingClientRect();
  setSplit((100 * (event.clientX - box.left)) / box.width);
});

const greeting = addBubble("bot", label("greeting"));

let dragged = 0;
const hasFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
document.addEventListener("dragenter", (event) => { if (hasFile(event)) { dragged += 1; $("drop").hidden = false; } });
document.addEventListener("dragleave", () => { dragged = Math.max(0, dragged - 1); if (!dragged) $("drop").hidden = true; });
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  dragged = 0;
  $("drop").hidden = true;
  const file = event.dataTransfer.files[0];
  if (file) sendPicture(file);
});
load();
