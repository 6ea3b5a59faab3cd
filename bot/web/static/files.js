// Pictures from files, the camera, the clipboard and other programs.
import { $ } from "./dom.js";
import { say } from "./send.js";
import { attach } from "./composer.js";

let chosen = null;
const isPicture = (file) => file.type.startsWith("image/");

// Lets the person choose a picture; by default it is sent with what is in the box.
export function choosePicture(use = sendPicture, input = $("file")) {
  chosen = use;
  input.click();
}

export async function sendPicture(file) {
  const text = $("text").value;
  $("text").value = "";
  attach(null);
  if (!(await say(text, { picture: file }))) { $("text").value = text; attach(file); }
}

function dropped(event) {
  const file = [...event.dataTransfer.files][0];
  if (file) sendPicture(file);
}

export function start() {
  for (const input of [$("file"), $("cameraFile")]) {
    input.addEventListener("change", () => {
      const file = input.files[0], use = chosen ?? sendPicture;
      input.value = "";
      chosen = null;
      if (file) use(file);
    });
    input.addEventListener("cancel", () => { chosen = null; });
  }
  $("choose").addEventListener("click", () => choosePicture());
  $("attach").addEventListener("click", () => choosePicture());
  $("camera").hidden = !matchMedia("(pointer: coarse)").matches;
  $("camera").addEventListener("click", () => choosePicture(sendPicture, $("cameraFile")));
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find(isPicture);
    if (file) { event.preventDefault(); sendPicture(file); }
  });
  let depth = 0;
  const hasFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (event) => { if (hasFile(event)) { depth += 1; $("drop").hidden = false; } });
  document.addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); if (!depth) $("drop").hidden = true; });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => { event.preventDefault(); depth = 0; $("drop").hidden = true; dropped(event); });
}
