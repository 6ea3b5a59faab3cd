// The conversation about one picture: which one is open, and what happens in it.
import { listen } from "./api.js";
import { set, state } from "./store.js";

const STATE = ["source", "edit", "adjustments", "history", "examples", "geometry", "faces", "title"];
const hearers = [];
let connection = null;

// Calls a function with every event of the open thread.
export function onEvent(hear) {
  hearers.push(hear);
}

const fresh = () => `new-${Math.random().toString(36).slice(2, 12)}`;
const pick = (event) => Object.fromEntries(STATE.filter((key) => key in event).map((key) => [key, event[key]]));

function remember(thread, replace) {
  const address = `#${thread}`;
  if (location.hash === address) return;
  if (replace) history.replaceState(null, "", address); else history.pushState(null, "", address);
}

export function open(thread, { replace = false } = {}) {
  const empty = { source: null, edit: null, adjustments: [], history: [], lines: [], geometry: null, faces: 0, title: "", sent: null };
  set({ thread, ...empty });
  remember(thread, replace);
  connection.reopen();
}

export const openNew = () => open(fresh());

// Returns the thread for a picture that is about to be sent: a new one if this one has a picture already.
export function threadForPicture() {
  if (state.source !== null || state.sent !== null) openNew();
  return state.thread;
}

function addLine(line) {
  if (line && !state.lines.some((known) => known.id === line.id && known.author === line.author)) set({ lines: [...state.lines, line] });
}

function hear(event) {
  const here = event.thread === state.thread || (event.source !== null && String(event.source) === state.thread);
  if (event.event === "state") {
    remember(event.thread, true);
    const { event: _, ...rest } = event;
    set({ ...rest, connected: true });
  } else if (event.event === "ready") set({ ready: event.ready, trouble: event.trouble, examples: event.examples });
  else if (event.event === "work") set({ running: event.running, queue: event.queue });
  else if (event.event === "said") { if (here) addLine(event.line); }
  else if (event.event === "gallery") { if (event.deleted === "all" || event.deleted === state.source) openNew(); }
  else if (event.event === "turn") {
    if (event.queue) set({ running: event.running, queue: event.queue });
    if (here && event.line) {
      addLine(event.line);
      if (event.source !== null) {
        set({ ...pick(event), thread: String(event.source), sent: null });
        remember(state.thread, true);
      } else set({ sent: null });
    }
  } else if (state.running && event.message === state.running.id) {
    const preview = event.preview ?? state.running.progress?.preview ?? null;
    set({ running: { ...state.running, progress: { ...event, preview } } });
  }
  if (here || event.event === "state") for (const tell of hearers) tell(event);
}

export function start() {
  state.thread = decodeURIComponent(location.hash.slice(1));
  connection = listen(() => state.thread, { hear, lost: () => set({ connected: false }) });
  window.addEventListener("popstate", () => { const thread = decodeURIComponent(location.hash.slice(1)); if (thread !== state.thread) open(thread, { replace: true }); });
}
