// The dialogs: pictures, history, settings, keys.
import * as api from "./api.js";
import { $, iconButton, make } from "./dom.js";
import { LANGUAGES, date, label, megabytes } from "./labels.js";
import { set, state, watch } from "./store.js";
import { onEvent, open, openNew } from "./thread.js";
import { toast } from "./toast.js";

export function openDialog(dialog) {
  const opener = document.activeElement;
  dialog.addEventListener("close", () => opener?.focus?.({ preventScroll: true }), { once: true });
  dialog.showModal();
}

// Asks whether to go on; the answer comes when the dialog is closed.
function confirmed(text, yes) {
  $("confirmText").textContent = text;
  $("confirmYes").textContent = yes;
  $("confirm").returnValue = "";
  openDialog($("confirm"));
  return new Promise((resolve) => $("confirm").addEventListener("close", () => resolve($("confirm").returnValue === "yes"), { once: true }));
}

// the gallery

async function drawGallery() {
  const pictures = await api.gallery();
  const newCard = make("li", {}, make("button", { type: "button", className: "new", onclick: () => { $("gallery").close(); openNew(); $("text").focus(); } }, make("span", { textContent: label("new") })));
  $("galleryList").replaceChildren(newCard, ...pictures.map(galleryCard));
}

function galleryCard(one) {
  const opened = make("button", { type: "button", className: "open", "aria-label": label("gallery.open", { name: one.title }), onclick: () => { $("gallery").close(); if (one.source !== state.source) open(String(one.source)); } },
    make("img", { src: `${one.url}&size=480`, alt: "", loading: "lazy" }));
  if (one.source === state.source) opened.setAttribute("aria-current", "true");
  const about = label("gallery.edits", { count: one.edits });
  const name = make("span", { className: "name", textContent: one.title, title: one.title });
  const item = make("li", {}, opened, make("div", { className: "about" }, make("div", {}, name, make("small", { textContent: `${date(one.used_at)} · ${about}` })),
    iconButton("pencil", label("gallery.rename", { name: one.title }), () => renamePicture(one, name)),
    iconButton("trash", label("gallery.delete", { name: one.title }), () => deletePicture(one))));
  return item;
}

function renamePicture(one, name) {
  const box = make("input", { value: one.named ? one.title : "", maxLength: 80, "aria-label": label("gallery.name"), placeholder: one.title });
  let done = false;
  const finish = async (save) => {
    if (done) return;
    done = true;
    if (save && box.value.trim() !== (one.named ? one.title : "")) await api.rename(one.source, box.value).catch((error) => toast(error.message || label("unreachable"), { error: true }));
    await drawGallery();
    $("galleryList").querySelector(`[aria-label="${CSS.escape(label("gallery.rename", { name: one.title }))}"]`)?.focus();
  };
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") finish(true);
    if (event.key === "Escape") { event.preventDefault(); finish(false); }
  });
  box.addEventListener("blur", () => finish(true));
  name.replaceWith(box);
  box.focus();
}

async function deletePicture(one) {
  if (!(await confirmed(label("gallery.delete.sure", { name: one.title }), label("delete")))) return;
  await api.remove(one.source).catch((error) => toast(error.message || label("unreachable"), { error: true }));
  await drawGallery();
}

async function openGallery() {
  openDialog($("gallery"));
  await drawGallery();
}

// the history, where there is no room for it below the picture

export function openHistory() {
  const home = $("historyRegion");
  $("historyHost").append($("tree"));
  openDialog($("historyDialog"));
  $("historyDialog").addEventListener("close", () => home.append($("tree")), { once: true });
}

// settings

async function openSettings() {
  openDialog($("settings"));
  $("kept").textContent = "";
  const data = await api.data();
  const days = data.days === null ? label("data.forever") : label("data.days", { count: data.days });
  $("kept").textContent = `${label("data.kept", { pictures: data.pictures, edits: data.edits, megabytes: megabytes(data.bytes) })} ${days}`;
}

function fillSettings() {
  $("language").replaceChildren(...Object.entries(LANGUAGES).map(([code, name]) => make("option", { value: code, textContent: name, lang: code })));
  $("language").value = document.documentElement.lang;
  $("theme").value = localStorage.getItem("theme") ?? "";
  $("language").addEventListener("change", () => {
    document.cookie = `language=${$("language").value}; path=/; max-age=31536000; SameSite=Strict`;
    location.reload();
  });
  $("theme").addEventListener("change", () => {
    if ($("theme").value) localStorage.setItem("theme", $("theme").value); else localStorage.removeItem("theme");
    if ($("theme").value) document.documentElement.dataset.theme = $("theme").value; else delete document.documentElement.dataset.theme;
  });
  $("quality").addEventListener("change", () => localStorage.setItem("quality", $("quality").value));
  watch(["quality"], () => { $("quality").value = localStorage.getItem("quality") ?? state.quality; });
  $("deleteAll").addEventListener("click", async () => {
    if (!(await confirmed(label("data.delete.sure"), label("data.delete")))) return;
    await api.deleteData();
    $("settings").close();
    toast(label("data.deleted"));
  });
}

export function start() {
  $("openGallery").addEventListener("click", openGallery);
  $("openSettings").addEventListener("click", openSettings);
  $("new").addEventListener("click", () => { openNew(); $("text").focus(); });
  for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
  for (const dialog of document.querySelectorAll("dialog")) dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  $("historyDialog").addEventListener("click", (event) => { if (event.target.closest("#tree button")) $("historyDialog").close(); });
  fillSettings();
  set({});
  onEvent((event) => { if (event.event === "turn" && $("gallery").open) drawGallery(); });
}
