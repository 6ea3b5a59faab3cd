// The preview while a slider is dragged: pictures at a few strengths come from the editor, and those between are blended.
import { fetchBlob } from "./api.js";
import { $ } from "./dom.js";
import { current, state } from "./store.js";

const STEPS = 8;
const ORDER = [0, 8, 4, 2, 6, 1, 3, 5, 7];  // coarse first, so that there is something to blend early
const canvas = $("blend"), context = canvas.getContext("2d");
let session = null, drawn = 0;

// How many pictures were drawn since a slider was taken hold of, and how long that took.
export const statistics = { frames: 0, milliseconds: 0 };

// Loads the pictures of one adjustment between no effect and its largest strength.
export function beginPreview(adjustment, most) {
  const edit = state.edit;
  if (session?.edit === edit && session.target === adjustment.target) return;
  endPreview();
  session = { edit, target: adjustment.target, most, frames: new Map(), value: Math.abs(adjustment.strength) };
  statistics.frames = 0;
  statistics.milliseconds = 0;
  load(session, adjustment.strength < 0 ? -1 : 1);
}

async function load(mine, sign) {
  const picture = await bitmap(`${current().url}&size=768`);
  if (picture) mine.frames.set(mine.value, picture);
  const [path, query] = current().url.split("?");
  for (const step of ORDER) {
    if (session !== mine) return;
    const strength = (mine.most * step) / STEPS;
    if (mine.frames.has(strength)) continue;
    const asked = new URLSearchParams({ target: mine.target, strength: String(sign * strength) });
    const made = await bitmap(`${path}/preview?${asked}&${query}`);
    if (!made) return;
    mine.frames.set(strength, made);
    if (mine.last !== undefined) showStrength(mine.last);
  }
}

async function bitmap(path) {
  try { return await createImageBitmap(await fetchBlob(path)); } catch { return null; }
}

// Draws the picture at a strength, blended from its neighbours.
export function showStrength(value) {
  if (!session || session.frames.size < 2) { if (session) session.last = value; return; }
  session.last = value;
  cancelAnimationFrame(drawn);
  drawn = requestAnimationFrame(() => draw(value));
}

function draw(value) {
  if (!session) return;
  const began = performance.now();
  const known = [...session.frames.keys()].sort((a, b) => a - b);
  const below = known.findLast((strength) => strength <= value) ?? known[0];
  const above = known.find((strength) => strength >= value) ?? known.at(-1);
  const lower = session.frames.get(below), upper = session.frames.get(above);
  canvas.width = lower.width;
  canvas.height = lower.height;
  context.globalAlpha = 1;
  context.drawImage(lower, 0, 0);
  if (above > below) { context.globalAlpha = (value - below) / (above - below); context.drawImage(upper, 0, 0, lower.width, lower.height); }
  canvas.hidden = false;
  statistics.frames += 1;
  statistics.milliseconds += performance.now() - began;
}

export function endPreview() {
  session?.frames.forEach((frame) => frame.close());
  session = null;
  canvas.hidden = true;
}
