// Sends messages. What could not be sent goes back into the box.
import { Refused, fetchBlob, send } from "./api.js";
import { label } from "./labels.js";
import { original, set, state } from "./store.js";
import { open, openNew, threadForPicture } from "./thread.js";
import { toast } from "./toast.js";

const beforeSending = [];

// Calls a function that may add fields to a message before it is sent (the painted area).
export function onSending(add) {
  beforeSending.push(add);
}

function formOf(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value !== null && value !== undefined) form.append(name, value);
  return form;
}

let before = Promise.resolve(true);

// Sends messages one after the other, so that they arrive in the order in which they were written.
function deliver(fields) {
  before = before.then(() => deliverNow(fields));
  return before;
}

async function deliverNow(fields) {
  try {
    await send(formOf({ quality: localStorage.getItem("quality"), ...fields }));
    return true;
  } catch (error) {
    toast(error instanceof Refused && error.message ? error.message : label("unreachable"), { error: true });
    return false;
  }
}

// Sends a text, with a picture if there is one; false if it could not be sent.
export async function say(text, { picture = null, compare = false } = {}) {
  const look = state.thread;
  const fields = { text, compare: compare ? "yes" : null };
  if (picture === null) for (const add of beforeSending) { const more = add(); if (more) Object.assign(fields, await more); }
  if (picture === null) return deliver({ ...fields, thread: state.thread });
  const thread = threadForPicture();
  set({ sent: URL.createObjectURL(picture) });
  const sent = await deliver({ ...fields, thread, look, picture });
  if (!sent) { if (thread !== look) open(look, { replace: true }); else set({ sent: null }); }
  return sent;
}

// Does what a button stands for.
export const act = (actions, fields = {}) => deliver({ thread: state.thread, actions: JSON.stringify(actions), ...fields });
export const goTo = (row) => row.edit === state.edit || act([{ do: "goto", edit: row.number }]);

// Does changes again on another picture.
export async function actOnPicture(actions, picture) {
  const look = state.thread, thread = threadForPicture();
  set({ sent: URL.createObjectURL(picture) });
  return deliver({ thread, look, picture, actions: JSON.stringify(actions) });
}

// Edits another square of the picture, with the look that it has now.
export async function editSquare(box, actions) {
  const look = state.thread, own = original().url;
  openNew();
  set({ sent: own });
  return deliver({ thread: state.thread, look, box, actions: JSON.stringify(actions) });
}

export async function saySample(number, text = "") {
  const blob = await fetchBlob(`/samples/${number}.png`);
  return say(text, { picture: new File([blob], `sample-${number}.png`, { type: "image/png" }) });
}
