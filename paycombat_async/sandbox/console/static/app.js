// Puts it together: views, search, panel, keyboard, and the stream that keeps them up to date.

import { get, listen, post, setToken, takeToken } from "./api.js";
import { act, empty, h, released, say, swap } from "./dom.js";
import { ago, sandboxNow, setNow } from "./format.js";
import * as faults from "./faults.js";
import * as ledger from "./ledger.js";
import * as payments from "./payments.js";
import * as requests from "./requests.js";
import * as webhooks from "./webhooks.js";

const VIEWS = [requests, payments, webhooks, ledger, faults];
const NAMES = VIEWS.map(view => view.name);
const at = id => document.getElementById(id);
const [main, panel, search, tabs, live, clock] = ["main", "panel", "search", "tabs", "live", "clock"].map(at);
let view = requests;
let opened = null; // the key of the row whose details are shown, how to load them, and what had the focus
let timer = null;

async function refresh() {
  const current = view;
  try {
    await current.load(search.value.trim());
  } catch (error) {
    if (error.status === 401) return gate("The sandbox does not take this token.");
    return say(error.message);
  }
  await released();
  if (current === view) draw();
}

function draw() {
  swap(main, view.draw(open, key => opened?.key === key));
  swap(at("filters"), ...(view.filters?.(refresh) ?? []));
}

// Loads again soon, and once for many changes.
function soon() {
  timer ??= setTimeout(async () => { timer = null; await refresh(); if (opened) await fill(); }, 120);
}

async function open(key, load) {
  if (opened?.key === key) return close();
  opened = { key, load, from: document.activeElement?.dataset.key };
  await fill();
  draw();
  panel.querySelector(".close")?.focus();
}

async function fill() {
  const current = opened;
  try {
    const [title, ...content] = await current.load();
    await released();
    if (current !== opened) return;
    const head = h("div", { class: "head" }, h("h2", {}, title), act("Close", close, { class: "do close", "data-key": "close" }));
    const kept = panel.querySelector("form input")?.value;
    panel.hidden = false;
    swap(panel, h("div", { class: "card detail" }, head, content));
    const input = panel.querySelector("form input");
    if (kept && input) input.value = kept;
  } catch (error) {
    say(error.message);
  }
}

function close() {
  const from = opened?.from;
  opened = null;
  panel.hidden = true;
  panel.replaceChildren();
  draw();
  if (from) main.querySelector(`[data-key="${CSS.escape(from)}"]`)?.focus();
}

function show(name) {
  view = VIEWS.find(each => each.name === name) ?? requests;
  search.value = "";
  search.placeholder = view.hint;
  if (opened) { opened = null; panel.hidden = true; panel.replaceChildren(); }
  for (const link of tabs.children) link.toggleAttribute("aria-current", link.dataset.view === view.name);
  tabs.querySelector("[aria-current]")?.setAttribute("aria-current", "page");
  document.title = `${view.title} · PayCombat sandbox`;
  return refresh();
}

function changed(change) {
  if (change.topics.includes("reset")) { if (opened) close(); return soon(); }
  const again = requests.take(change);
  if (change.topics.includes("control")) status();
  if (view === requests) {
    if (again) soon();
    else if (change.requests.length > 0) drawSoon();
    const shown = opened && change.requests.some(each => opened.key === `request-${each.number}`);
    if (shown) fill();
  } else {
    const topics = [...change.topics, ...(change.requests.some(each => each.fault) ? ["requests"] : [])];
    if (topics.some(topic => view.topics.includes(topic))) soon();
  }
}

let frame = null;
function drawSoon() {
  frame ??= requestAnimationFrame(async () => { await released(); frame = null; if (view === requests) draw(); });
}

async function status() {
  const found = await get("status");
  await released();
  setNow(found.now);
  const ahead = found.advanced > 0 ? ` (+${Math.round(found.advanced / 360) / 10} h)` : "";
  swap(clock, h("time", { id: "now" }, ""), h("span", {}, ahead), ...[["+1 h", 3600], ["+1 day", 86400]].map(([label, seconds]) => act(label, () => forward(seconds), { "data-key": label, "aria-label": `${label}: move the sandbox's time forward`, title: "Move the sandbox's time forward" })), act("Reset", restart, { "data-key": "reset" }));
  tick();
}

const forward = seconds => post("clock", { advance: seconds }).then(() => say("the sandbox's time has moved"), error => say(error.message));

async function restart() {
  if (!confirm("Delete all requests, payments and webhooks of this sandbox?")) return;
  await post("reset", {}).then(() => say("the sandbox is as after its start"), error => say(error.message));
}

function tick() {
  const now = at("now");
  if (now) now.textContent = sandboxNow().toLocaleTimeString(undefined, { hour12: false });
  for (const each of document.querySelectorAll("[data-ago]")) {
    const text = ago(each.dataset.ago);
    if (each.textContent !== text) each.textContent = text;
  }
}

function connection(state) {
  live.dataset.state = state;
  live.querySelector("b").textContent = { on: "live", off: "not connected", refused: "no access" }[state];
  if (state === "on") { status().catch(() => {}); soon(); }
  if (state === "refused") gate("The sandbox does not take this token.");
}

function gate(why) {
  at("tools").hidden = true;
  const input = h("input", { type: "password", name: "token", required: true, autocomplete: "off" });
  const submit = event => { event.preventDefault(); setToken(input.value.trim()); start(); };
  swap(main, h("form", { class: "card gate", onsubmit: submit }, h("h2", {}, "Which sandbox may you steer?"), h("p", {}, `${why} Open the address that paycombat sandbox has printed as “Console”, or give the value of PAYCOMBAT_SANDBOX_CONTROL:`), h("label", { class: "form" }, "Control token", input), h("button", { class: "do first" }, "Open the console")));
  input.focus();
}

function keys(event) {
  const isTyping = event.target.matches("input, select, textarea");
  if (event.key === "/" && !isTyping) { search.focus(); event.preventDefault(); }
  if (event.key === "Escape") { if (opened) close(); else if (event.target === search) { search.value = ""; refresh(); } }
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by && tabs.contains(event.target)) [...tabs.children][NAMES.indexOf(event.target.dataset.view) + by]?.focus();
}

function start() {
  at("tools").hidden = false;
  swap(main, empty("Loading", ""));
  show(NAMES.includes(location.hash.slice(1)) ? location.hash.slice(1) : "requests");
  listen(changed, connection);
}

tabs.append(...VIEWS.map(each => h("a", { href: `#${each.name}`, "data-view": each.name }, each.title)));
at("skip").addEventListener("click", event => { event.preventDefault(); main.focus(); });
document.addEventListener("keydown", keys);
let typing;
search.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(refresh, 150); });
addEventListener("hashchange", () => { if (NAMES.includes(location.hash.slice(1))) show(location.hash.slice(1)); });
setInterval(tick, 1000);
if (takeToken(NAMES)) start();
else gate("This page needs the control token.");
