// A list of rows that open the panel. Arrow keys move between rows.

import { h } from "./dom.js";

export function row(key, cells, onclick, { acts = [], open = false, bad = false } = {}) {
  const button = h("button", { class: "row", type: "button", "data-key": key, "aria-expanded": String(open), "aria-controls": "panel", onclick }, cells);
  return h("li", { class: bad && "bad-line" }, button, acts.length > 0 && h("div", { class: "acts" }, acts));
}

export function rows(label, items) {
  return h("ul", { class: "card rows", "aria-label": label, onkeydown: step }, items);
}

function step(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by || !event.target.classList.contains("row")) return;
  const all = [...event.currentTarget.querySelectorAll(".row")];
  all[all.indexOf(event.target) + by]?.focus();
  event.preventDefault();
}
