// What the page knows. Parts of the page watch the keys that they draw.
export const state = {
  thread: "", source: null, edit: null, adjustments: [], history: [], lines: [], examples: [], samples: [],
  geometry: null, faces: 0, title: "", running: null, queue: [], ready: false, trouble: null, quality: "standard",
  sent: null, connected: true,
};

const watchers = [];
let changed = new Set();

export function watch(keys, draw) {
  watchers.push({ keys, draw });
}

// Changes the state and draws what depends on it, once for all changes made at the same time.
export function set(changes) {
  if (!changed.size) queueMicrotask(draw);
  for (const [key, value] of Object.entries(changes)) {
    state[key] = value;
    changed.add(key);
  }
}

function draw() {
  const now = changed;
  changed = new Set();
  for (const watcher of watchers) if (watcher.keys.some((key) => now.has(key))) watcher.draw();
}

export const current = () => state.history.find((row) => row.edit === state.edit) ?? null;
export const original = () => state.history[0] ?? null;
export const running = () => (state.running?.thread === state.thread ? state.running : null);
