// A menu that opens at a button.
import { $, make } from "./dom.js";

let opener = null;

const items = () => [...$("menu").querySelectorAll('[role="menuitem"]:not([aria-disabled="true"])')];

export function closeMenu({ focus = true } = {}) {
  if (!opener) return;
  $("menu").hidden = true;
  opener.setAttribute("aria-expanded", "false");
  if (focus) opener.focus();
  opener = null;
}

// Opens a menu of ``entries``: [label, function, enabled], or null for a line between.
export function openMenu(button, entries) {
  if (opener === button) { closeMenu(); return; }
  closeMenu({ focus: false });
  opener = button;
  button.setAttribute("aria-expanded", "true");
  $("menu").setAttribute("aria-label", button.getAttribute("aria-label") ?? button.textContent);
  $("menu").replaceChildren(...entries.map((entry) => {
    if (entry === null) return make("hr");
    const [text, run, enabled = true] = entry;
    const choose = () => { if (!enabled) return; closeMenu(); run(); };
    return make("button", { type: "button", role: "menuitem", tabIndex: -1, textContent: text, onclick: choose, "aria-disabled": String(!enabled) });
  }));
  $("menu").hidden = false;
  place(button.getBoundingClientRect());
  items()[0]?.focus();
}

function place(at) {
  const menu = $("menu"), { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + 6 + height <= innerHeight || at.top < height;
  menu.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, at.right - width))}px`;
  menu.style.top = `${Math.max(8, below ? Math.min(at.bottom + 6, innerHeight - height - 8) : at.top - height - 6)}px`;
}

export function start() {
  $("menu").addEventListener("keydown", (event) => {
    const all = items(), now = all.indexOf(document.activeElement);
    const moves = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 };
    if (event.key in moves) all.at(moves[event.key] % all.length)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") closeMenu();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("pointerdown", (event) => {
    if (opener && !event.target.closest("#menu") && !opener.contains(event.target)) closeMenu({ focus: false });
  });
  window.addEventListener("resize", () => closeMenu({ focus: false }));
}
