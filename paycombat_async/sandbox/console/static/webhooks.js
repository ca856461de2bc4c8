// Webhooks with the result of each attempt, where they go, and how to send them again.

import { get, post } from "./api.js";
import { act, chip, code, empty, h, pairs, say, what } from "./dom.js";
import { absolute, httpStatus, pretty, when } from "./format.js";
import { row, rows } from "./list.js";

const WAYS = [
  ["again", "Send again", "is sent again"],
  ["duplicate", "Send as duplicate", "is sent twice at the same time"],
  ["out_of_order", "Send out of order", "and those before it are sent again, the newest first"],
];
let all = [];
let urls = {};
let words = "";

export const name = "webhooks";
export const title = "Webhooks";
export const hint = "Search events, ids, bodies";
export const topics = ["deliveries", "control"];

export async function load(search) {
  words = search.toLowerCase();
  const [found, status] = await Promise.all([get("deliveries", { limit: 1000 }), get("status")]);
  all = found.deliveries.reverse();
  urls = status;
}

export function draw(open, isOpen) {
  const fitting = all.filter(each => `${each.event} ${each.id} ${each.body} ${each.url}`.toLowerCase().includes(words)).slice(0, 200);
  return h("div", {}, address(), fitting.length > 0 ? rows("Webhooks, newest first", fitting.map(each => line(each, open, isOpen))) : nothing());
}

function nothing() {
  if (words) return empty("Nothing found", `No webhook that is kept contains “${words}”.`);
  return empty("No webhooks yet", urls.webhook_url ? "Settle a payment: its webhook appears here with each attempt." : "Say above where your application takes them, then settle a payment.");
}

function address() {
  const field = (id, label, value) => h("label", { class: "grow" }, label, h("input", { name: id, value: value ?? "", placeholder: "http://127.0.0.1:8000/webhooks/paycombat", autocomplete: "off", spellcheck: "false", "data-key": id }));
  const submit = async event => {
    event.preventDefault();
    const given = new FormData(event.target);
    const changed = ["webhook_url", "va_webhook_url"].filter(each => given.get(each).trim() !== (urls[each] ?? ""));
    try {
      await post("deliveries", Object.fromEntries(changed.map(each => [each, given.get(each).trim()])));
      say("webhooks of later events go to this address");
    } catch (error) {
      say(error.message);
    }
  };
  return h("form", { class: "card block form", onsubmit: submit }, field("webhook_url", "Send webhooks to", urls.webhook_url), field("va_webhook_url", "Those about virtual accounts to", urls.va_webhook_url), h("button", { class: "do first" }, "Save"));
}

function result(each) {
  if (each.is_delivered) return chip("delivered", "good");
  return each.times.length > each.statuses.length || each.statuses.length === 0 ? chip("sending", "warn") : chip("not delivered", "bad");
}

function line(each, open, isOpen) {
  const key = `delivery-${each.number}`;
  const cells = [
    result(each),
    what(each.event, each.id),
    h("span", { class: "chips" }, each.statuses.map(status => httpStatus(status))),
    when(each.times[0]),
  ];
  return row(key, cells, () => open(key, () => detail(each.number)), { open: isOpen(key), acts: [act("Send again", () => send("again", each, "is sent again"), { "data-key": `${key}-again`, "aria-label": `Send ${each.event} again` })] });
}

async function send(way, each, words) {
  try {
    await post("deliveries", { [way]: each.number });
    say(`${each.event} ${words}`);
  } catch (error) {
    say(error.message);
  }
}

async function detail(number) {
  const each = (await get("deliveries", { limit: 1000 })).deliveries.find(one => one.number === number);
  if (!each) return ["This webhook is no longer kept"];
  const attempts = each.times.map((at, place) => h("li", { class: "line" }, place < each.statuses.length ? httpStatus(each.statuses[place]) : chip("under way", "warn"), h("span", { class: "when" }, absolute(at))));
  return [
    each.event,
    h("div", { class: "chips" }, result(each), WAYS.map(([way, label, words]) => act(label, () => send(way, each, words), { "data-key": `panel-${way}` }))),
    pairs([["about", each.id], ["to", each.url], ["number", String(each.number)]]),
    h("section", {}, h("h3", {}, "Attempts"), h("ul", { class: "card rows" }, attempts)),
    code("Body", pretty(each.body)),
  ];
}
