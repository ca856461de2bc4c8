// Payins, payouts, virtual accounts, checkouts and customers, with a button for each move that they allow.

import { get, post } from "./api.js";
import { act, code, empty, h, pairs, say, what } from "./dom.js";
import { absolute, money, state, when } from "./format.js";
import { row, rows } from "./list.js";

const KINDS = { payins: "Payins", payouts: "Payouts", virtual_accounts: "Virtual accounts", checkouts: "Checkouts", customers: "Customers" };
const MOVES = { settle: "Settle", approve: "Approve", fail: "Fail", expire: "Expire", return: "Return", pay: "Pay", cancel: "Cancel", pay_part: "Pay part…" };
const DONE = { settle: "settled", approve: "approved", fail: "failed", expire: "expired", return: "returned", pay: "paid", cancel: "cancelled", pay_part: "paid in part" };
let kind = "payins";
let found = { objects: [], counts: {} };
let words = "";

export const name = "payments";
export const title = "Payments";
export const hint = "Search ids, references, any field";
export const topics = ["objects"];

export async function load(search) {
  words = search;
  found = await get("objects", { kind, search, limit: 200 });
}

export function filters(again) {
  return Object.entries(KINDS).map(([each, label]) => {
    const choose = () => { kind = each; again(); };
    return act(`${label} ${found.counts[each] ?? ""}`, choose, { "aria-pressed": String(kind === each), "data-key": `kind-${each}` });
  });
}

export function draw(open, isOpen) {
  const label = KINDS[kind].toLowerCase();
  if (found.objects.length === 0) return words ? empty("Nothing found", `No ${label} contain “${words}”.`) : nothing(label);
  const list = rows(`${KINDS[kind]}, newest first`, found.objects.map(each => line(each, open, isOpen)));
  const total = found.counts[kind];
  const rest = total > found.objects.length && !words;
  return h("div", {}, list, rest && h("p", { class: "note" }, `The newest ${found.objects.length} of ${total.toLocaleString("en")}. Search finds the others.`));
}

function nothing(label) {
  return empty(`No ${label} yet`, "Create one with the SDK or the command line; it then appears here with what may happen to it:", `paycombat call ${kind === "virtual_accounts" ? "payins.create_virtual_account" : `${kind}.create`} --help`);
}

function line(each, open, isOpen) {
  const key = each.id;
  const show = () => open(key, () => detail(each.id, each));
  const cells = [
    state(each.status),
    what(each.reference || each.id, each.reference ? each.id : each.kind),
    each.amount && h("span", { class: "amount" }, money(each.amount, each.currency)),
    when(each.created_at),
  ];
  const acts = each.moves.map(move => act(MOVES[move] ?? move, move === "pay_part" ? show : () => make(each, move), { "data-key": `${key}-${move}`, "aria-label": `${MOVES[move] ?? move} ${each.reference || each.id}` }));
  return row(key, cells, show, { acts, open: isOpen(key) });
}

async function make(each, move, more = {}) {
  try {
    await post("move", { id: each.id, move, ...more });
    say(`${each.reference || each.id} is ${DONE[move] ?? move}`);
  } catch (error) {
    say(error.message);
  }
}

async function detail(id, before) {
  const fresh = await get("objects", { kind: KINDS_OF[before.kind], search: id, limit: 1 });
  const each = fresh.objects.find(one => one.id === id) ?? before;
  return [
    each.reference || each.id,
    h("div", { class: "chips" }, state(each.status), each.amount && h("span", { class: "amount" }, money(each.amount, each.currency))),
    each.moves.length > 0 && h("div", { class: "chips" }, each.moves.filter(move => move !== "pay_part").map(move => act(MOVES[move] ?? move, () => make(each, move), { "data-key": `panel-${move}` }))),
    each.moves.includes("pay_part") && part(each),
    each.page && h("p", {}, h("a", { href: each.page, target: "_blank", rel: "noopener" }, "Open the page on which its customer pays")),
    pairs([["id", each.id], ["kind", each.kind], ["reference", each.reference], ["created", absolute(each.created_at)], ["changed", absolute(each.updated_at)]]),
    code("Fields", JSON.stringify(each.details, null, 2)),
  ];
}

const KINDS_OF = { payin: "payins", payout: "payouts", "virtual account": "virtual_accounts", checkout: "checkouts", customer: "customers" };

function part(each) {
  const amount = h("input", { name: "amount", inputmode: "decimal", required: true, size: 10, autocomplete: "off", "data-key": "panel-part" });
  const submit = event => { event.preventDefault(); make(each, "pay_part", { amount: amount.value.trim() }); };
  return h("form", { class: "form", onsubmit: submit }, h("label", {}, `Part of ${money(each.amount, each.currency)} that is paid`, amount), h("button", { class: "do" }, "Pay part"));
}
