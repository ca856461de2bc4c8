// All requests, the newest first, with body, answer and the reason why a signature is wrong.

import { get } from "./api.js";
import { chip, code, empty, h, pairs, what } from "./dom.js";
import { absolute, httpStatus, pretty, when } from "./format.js";
import { row, rows } from "./list.js";

const SHOWN = 200; // rows in the page; the others are found by searching, which the sandbox does
let seen = new Map();
let counts = {};
let words = "";

export const name = "requests";
export const title = "Requests";
export const hint = "Search method, path, body, answer";
export const topics = [];

export async function load(search) {
  words = search;
  const found = await get("requests", { brief: true, limit: SHOWN, search });
  seen = new Map(found.requests.map(each => [each.number, each]));
  counts = found.counts;
}

// Takes requests from the stream. Returns whether the list must be loaded again.
export function take(change) {
  if (words || change.is_lossy) return change.requests.length > 0;
  for (const each of change.requests) {
    if (!seen.has(each.number)) counts[each.operation] = (counts[each.operation] ?? 0) + 1;
    seen.set(each.number, each);
  }
  const extra = seen.size - SHOWN;
  if (extra > 0) [...seen.keys()].sort((one, other) => one - other).slice(0, extra).forEach(number => seen.delete(number));
  return false;
}

export function draw(open, isOpen) {
  const items = [...seen.values()].sort((one, other) => other.number - one.number);
  if (items.length === 0) return words ? empty("Nothing found", `No request that is kept contains “${words}”.`) : NOTHING;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const list = rows("Requests, newest first", items.map(each => line(each, open, isOpen)));
  const rest = total > items.length && !words;
  return h("div", {}, list, h("p", { class: "note" }, rest ? `The newest ${items.length} of ${total.toLocaleString("en")}. Search finds older ones, up to the latest 10,000.` : `${items.length} shown.`));
}

const NOTHING = empty("No requests yet", "Paste the export lines that paycombat sandbox has printed into another terminal, and make a call:", "paycombat call customers.list");

function line(each, open, isOpen) {
  const key = `request-${each.number}`;
  const cells = [
    each.milliseconds === null ? chip("…", "status") : httpStatus(each.status),
    what(`${each.method} ${each.path}`, each.message ?? each.operation),
    h("span", { class: "chips" }, marks(each)),
    when(each.at),
  ];
  return row(key, cells, () => open(key, () => detail(each.number)), { open: isOpen(key), bad: each.signature === "wrong" });
}

function marks(each) {
  const lost = each.fault && each.is_executed && (each.status === null || each.status >= 400);
  return [
    each.signature && chip(`signature ${each.signature}`, each.signature === "good" ? "good" : "bad"),
    each.fault && chip(`fault ${each.fault}`, "warn"),
    lost && chip("carried out", "bad"),
  ];
}

async function detail(number) {
  const { request, verdict } = await get("request", { number });
  const cut = request.answer.length < request.answer_length ? `the beginning of ${request.answer_length} bytes` : "";
  const headers = Object.entries(request.headers).map(([key, value]) => `${key}: ${value}`).join("\n");
  return [
    `${request.method} ${request.path}`,
    h("div", { class: "chips" }, httpStatus(request.status), marks(request)),
    verdict && h("div", { class: "callout", role: "note" }, h("b", {}, `Wrong signature: ${verdict.cause.replaceAll("_", " ")}`), h("span", {}, verdict.explanation), h("span", {}, `What to do: ${verdict.remedy}`)),
    request.fault && h("div", { class: "callout info", role: "note" }, h("b", {}, `Fault: ${request.fault}`), request.is_executed ? "The request was carried out, whatever the client has got." : "The request was not carried out."),
    pairs([
      ["endpoint", request.operation], ["refused", request.message && `${request.message} (${request.code})`],
      ["time", absolute(request.at)], ["took", request.milliseconds === null ? "no answer yet" : `${request.milliseconds} ms`], ["number", String(request.number)],
    ]),
    // Where the signature is wrong, each space counts.
    request.signature === "wrong" ? code("Body, as received", request.body) : code("Body", pretty(request.body)),
    code("Answer", pretty(request.answer), cut),
    code("Headers", headers, "secrets are left out"),
  ];
}
