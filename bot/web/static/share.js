// Taking pictures along: download, copy, before and after, an animation.
import { fetchBlob } from "./api.js";
import { $, make } from "./dom.js";
import { label } from "./labels.js";
import { current, state, watch } from "./store.js";
import { toast } from "./toast.js";

export async function copyPicture() {
  try {
    const blob = await fetchBlob(current().url);
    const png = blob.type === "image/png" ? blob : await toPng(blob);
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    toast(label("copied"));
  } catch {
    toast(label("not-copied"), { error: true });
  }
}

async function toPng(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

// Downloads what the server makes of the current edit: "comparison" or "animation".
export async function downloadMade(kind) {
  toast(label("making"));
  try {
    const response = await fetch(`/api/pictures/${state.edit}/${kind}`);
    if (!response.ok) throw new Error(await response.text());
    const name = decodeURIComponent(response.headers.get("Content-Disposition").split("''")[1]);
    const link = make("a", { href: URL.createObjectURL(await response.blob()), download: name });
    link.click();
    toast(label("made", { name }));
  } catch (error) {
    toast(error.message || label("unreachable"), { error: true });
  }
}

export function start() {
  watch(["edit", "history"], () => { const row = current(); if (row) $("download").href = `${row.url}&download=1`; });
}
