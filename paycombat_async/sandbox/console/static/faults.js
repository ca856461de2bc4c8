// Faults, each of which can be switched on for the next call or for a share of all calls.

import { get, post } from "./api.js";
import { act, chip, empty, h, say, what } from "./dom.js";

const GROUPS = [
  ["Webhooks", each => each.of === "webhooks"],
  ["Time", each => ["latency", "trickle", "late_answer"].includes(each.name)],
  ["Too many requests", each => each.name.startsWith("429")],
  ["Error statuses", each => /^(\d{3}_|error_object$|html_)/.test(each.name)],
  ["Redirects", each => each.name.startsWith("redirect")],
  ["Cut connections", each => /^(disconnect|reset|half|length|unsized|chunked|gzip_cut)/.test(each.name)],
  ["Idle connections", each => /^(stray|idle)/.test(each.name)],
  ["Odd answers", () => true],
];
const RATES = [["0", "off"], ["0.01", "1 %"], ["0.05", "5 %"], ["0.2", "20 %"], ["0.5", "50 %"], ["1", "every call"]];
let faults = { known: [], rates: {}, counts: {}, left: 0 };
let operations = [];
let operation = "";
let words = "";

export const name = "faults";
export const title = "Faults";
export const hint = "Search faults";
export const topics = ["control", "requests", "deliveries"];

export async function load(search) {
  words = search.toLowerCase();
  const [found, status] = await Promise.all([get("faults"), get("status")]);
  faults = found;
  operations = status.operations.filter(each => each !== "webhooks");
}

export function filters(again) {
  const choose = event => { operation = event.target.value; again(); };
  const options = ["", ...operations].map(each => h("option", { value: each, selected: each === operation }, each || "any operation"));
  return [
    h("label", { class: "chips" }, h("span", { class: "when" }, "“Next call” means"), h("select", { onchange: choose, "data-key": "operation" }, options)),
    act("Turn all off", () => change({ calm: true }, "all faults are off"), { "data-key": "calm" }),
  ];
}

export function draw() {
  const rates = Object.fromEntries(Object.entries(faults.rates).map(([key, rate]) => [key.split("=")[0], rate]));
  const on = Object.entries(faults.rates).map(([key, rate]) => chip(`${key} in ${Math.round(rate * 1000) / 10} %`, "warn"));
  const shown = new Set();
  const groups = GROUPS.map(([label, fits]) => {
    const own = faults.known.filter(each => !shown.has(each.name) && fits(each));
    own.forEach(each => shown.add(each.name));
    const lines = own.filter(each => `${label} ${each.name}`.toLowerCase().includes(words)).map(each => line(each, rates[each.name] ?? 0));
    return lines.length > 0 && [h("h2", { class: "group" }, label), h("ul", { class: "card rows", "aria-label": label }, lines)];
  });
  return h("div", {},
    h("div", { class: "card block chips", role: "group", "aria-label": "Faults that are on" }, on.length > 0 ? on : "No fault has a rate.", faults.left > 0 && chip(`${faults.left} queued for the next calls`, "warn")),
    groups.some(Boolean) ? groups.flat().filter(Boolean) : empty("Nothing found", `No fault is called like “${words}”.`));
}

function line(each, rate) {
  const about = each.of === "webhooks" ? "changes how webhooks are sent" : each.executes ? "the request is carried out" : "the request is not carried out";
  const count = faults.counts[each.name];
  const set = event => change({ change_rates: rateOf(each, Number(event.target.value)) }, `${each.name}: ${event.target.selectedOptions[0].textContent}`);
  const choices = RATES.some(([value]) => Number(value) === rate) ? RATES : [...RATES, [String(rate), `${Math.round(rate * 1000) / 10} %`]];
  const options = choices.map(([value, label]) => h("option", { value, selected: Number(value) === rate }, label));
  return h("li", {}, h("div", { class: "line" },
    what(each.name, about),
    count > 0 && chip(`${count} times`),
    act(each.of === "webhooks" ? "Next webhook" : "Next call", () => next(each), { "data-key": `next-${each.name}`, "aria-label": `${each.name} for the next ${each.of === "webhooks" ? "webhook" : "call"}` }),
    h("select", { onchange: set, "aria-label": `Share of ${each.of} with ${each.name}`, "data-key": `rate-${each.name}` }, options)));
}

// A rate is stored with the time of its fault, such as latency=0.1s: the old one goes when the new one comes.
function rateOf(each, rate) {
  const old = Object.keys(faults.rates).filter(key => key.split("=")[0] === each.name);
  return Object.fromEntries([...(old.length > 0 ? old : [each.name])].map(key => [key, rate]));
}

function next(each) {
  const whose = each.of === "webhooks" ? { operation: "webhooks" } : operation ? { operation } : {};
  return change({ next: [each.name], ...whose }, `the next ${whose.operation ?? "call"} gets ${each.name}`);
}

async function change(body, words) {
  try {
    await post("faults", body);
    say(words);
  } catch (error) {
    say(error.message);
  }
}
