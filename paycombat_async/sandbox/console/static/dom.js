// Builds elements. Text goes in as text nodes only: what a request contains is never read as HTML.

export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export const chip = (text, tone = "") => h("span", { class: `chip ${tone}` }, text);
export const act = (text, onclick, more = {}) => h("button", { class: "do", type: "button", ...more, onclick }, text);
export const what = (title, below) => h("span", { class: "what" }, h("b", {}, title), h("span", {}, below));

export function empty(title, text, command) {
  return h("div", { class: "card empty" }, h("b", {}, title), text, command && h("div", {}, h("pre", { tabindex: 0 }, command)));
}

export function pairs(entries) {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", {}, shown.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

export function code(title, text, note = "") {
  return h("section", {}, h("h3", {}, title, note && ` (${note})`), h("pre", { tabindex: 0, "aria-label": title }, text || "empty"));
}

// Replaces the content of an element, and gives the focus back to the element with the same data-key.
export function swap(element, ...children) {
  const focused = document.activeElement;
  const key = element.contains(focused) ? focused.dataset.key : undefined;
  element.replaceChildren(...children);
  if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

// A press on a button counts only if the button is still there when the pointer goes up.
let lift = null;
let lifted = Promise.resolve();
addEventListener("pointerdown", () => { if (!lift) lifted = new Promise(resolve => { lift = resolve; }); });
for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => setTimeout(() => { lift?.(); lift = null; }));

// Is resolved while no pointer is pressed. News may replace content only then.
export const released = () => lifted;

let hush;
export function say(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  clearTimeout(hush);
  hush = setTimeout(() => { said.textContent = ""; }, 5000);
}
