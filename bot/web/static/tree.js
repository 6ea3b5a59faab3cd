// The edits of the picture as a tree: a column for each step, a row for each branch.
import { $, make } from "./dom.js";
import { label } from "./labels.js";
import { pictureUrl } from "./picture.js";
import { goTo } from "./send.js";
import { state, watch } from "./store.js";

// Gives each edit its column and row; a first child continues the row of its parent, every other one opens a row.
export function layOut(rows) {
  const places = new Map(), children = new Map();
  for (const row of rows) children.set(row.parent, [...(children.get(row.parent) ?? []), row]);
  let used = 0;
  const visit = (row, column, line) => {
    places.set(row.edit, { column, line });
    (children.get(row.edit) ?? []).forEach((child, index) => visit(child, column + 1, index === 0 ? line : (used += 1)));
  };
  for (const root of rows.filter((row) => !rows.some((other) => other.edit === row.parent))) { if (places.size) used += 1; visit(root, 0, used); }
  return places;
}

function draw() {
  const places = layOut(state.history);
  $("historyRegion").hidden = state.history.length < 2;
  $("tree").replaceChildren(...state.history.map((row) => {
    const { column, line } = places.get(row.edit), parent = places.get(row.parent);
    const text = label("goto", row);
    const button = make("button", { type: "button", title: `${row.number}. ${row.description}`, "aria-label": text, "aria-current": String(row.edit === state.edit), onclick: () => goTo(row) },
      make("img", { src: pictureUrl(row, 160), alt: "", loading: "lazy", width: 56, height: 56 }));
    const item = make("li", {}, button, make("span", { textContent: row.number === 0 ? label("original") : row.text }));
    item.style.gridColumn = String(column + 1);
    item.style.gridRow = String(line + 1);
    if (parent) {
      item.dataset.joined = "true";
      item.dataset.branch = String(line > parent.line);
      item.style.setProperty("--up", String(line - parent.line));
    }
    return item;
  }));
  $("tree").dataset.branches = String([...places.values()].some((place) => place.line > 0));
  $("tree").querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

export function start() {
  watch(["history", "edit"], draw);
}
