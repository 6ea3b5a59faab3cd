// What the page says, in its language.
import { $ } from "./dom.js";

const LABELS = JSON.parse($("app").dataset.labels);
export const LANGUAGES = JSON.parse($("app").dataset.languages);
export const has = (key) => key in LABELS;

// Returns a text with its {placeholders} filled in; a count of one takes the form for one, if there is such a form.
export function label(key, values = {}) {
  const text = (values.count === 1 && LABELS[`${key}.one`]) || LABELS[key];
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export const percent = (share) => label("percent", { number: Math.round(100 * share) });
export const date = (iso) => new Date(iso).toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "short", year: "numeric" });
export const megabytes = (bytes) => (bytes / 1048576).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
