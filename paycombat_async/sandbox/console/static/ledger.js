// Balances, movements of money, and what was paid twice.

import { get } from "./api.js";
import { chip, empty, h, what } from "./dom.js";
import { money, when } from "./format.js";

const NAMES = { opening: "Opening balance", payin: "Payin", payout: "Payout", payout_failed: "Payout failed, money back", payout_returned: "Payout returned, money back" };
let report = { balances: {}, entries: [], doubles: [], total: 0 };
let words = "";

export const name = "ledger";
export const title = "Ledger";
export const hint = "Search ids and references";
export const topics = ["objects"];

export async function load(search) {
  words = search.toLowerCase();
  report = await get("ledger", { limit: words ? undefined : 200 });
}

export function draw() {
  if (report.total === 0) return empty("No money has moved yet", "Each payin that succeeds and each payout that is created has a line here. The balance of a currency begins with its first movement.");
  const doubled = new Set(report.doubles.flatMap(double => double.entries.map(entry => entry.id)));
  const entries = report.entries.filter(each => `${each.id} ${each.reference} ${each.movement} ${each.currency}`.toLowerCase().includes(words)).reverse().slice(0, 200);
  return h("div", {},
    h("div", { class: "cards" }, Object.entries(report.balances).sort().map(([currency, amount]) => h("div", { class: "card" }, h("span", {}, `Balance ${currency}`), h("b", {}, money(amount, currency))))),
    report.doubles.length > 0 && h("div", { class: "callout block", role: "note" }, h("b", {}, `Paid more than once: ${report.doubles.length}`), report.doubles.map(double => h("span", {}, `${double.reference ?? "identical bodies"}: ${double.entries.map(entry => entry.id).join(", ")}`))),
    entries.length > 0 ? h("ul", { class: "card rows", "aria-label": "Movements, newest first" }, entries.map(each => line(each, doubled))) : empty("Nothing found", `No movement contains “${words}”.`),
    report.total > entries.length && h("p", { class: "note" }, `${entries.length} of ${report.total.toLocaleString("en")} movements.`));
}

function line(each, doubled) {
  const isDouble = doubled.has(each.id) && ["payin", "payout"].includes(each.movement);
  const amount = String(each.amount).startsWith("-") ? `−${money(String(each.amount).slice(1), each.currency)}` : `+${money(each.amount, each.currency)}`;
  return h("li", { class: isDouble && "bad-line" }, h("div", { class: "line" },
    what(NAMES[each.movement] ?? each.movement, [each.reference, each.id].filter(Boolean).join(" · ") || "before the first movement"),
    isDouble && chip("double", "bad"),
    h("span", { class: "amount" }, amount),
    h("span", { class: "when" }, when(each.at))));
}
