// The page of the web chat. It shows what the server says and sends what the person does; the server decides everything.
import { $, drawIcons, make } from "./dom.js";
import { label } from "./labels.js";
import { state, watch } from "./store.js";
import { say, saySample } from "./send.js";
import * as brush from "./brush.js";
import * as changes from "./changes.js";
import * as chat from "./chat.js";
import * as compare from "./compare.js";
import * as composer from "./composer.js";
import * as dialogs from "./dialogs.js";
import * as files from "./files.js";
import * as menu from "./menu.js";
import * as picture from "./picture.js";
import * as share from "./share.js";
import * as square from "./square.js";
import * as thread from "./thread.js";
import * as toolbar from "./toolbar.js";
import * as tree from "./tree.js";
import * as zoom from "./zoom.js";

function drawSamples() {
  $("samples").replaceChildren(...state.samples.map((number) => {
    const send = () => { const text = $("text").value; $("text").value = ""; saySample(number, text); $("text").focus({ preventScroll: true }); };
    return make("button", { type: "button", onclick: send, "aria-label": label("sample", { number }) }, make("img", { src: `/samples/${number}.png`, alt: "" }));
  }));
}

drawIcons();
for (const part of [picture, zoom, compare, brush, square, changes, tree, share, toolbar, menu, files, composer, dialogs]) part.start();
chat.start((text) => { say(text); $("text").focus({ preventScroll: true }); });
watch(["samples"], drawSamples);
thread.start();
