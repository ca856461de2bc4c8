// Times, amounts, JSON and states as people read them.

import { chip, h } from "./dom.js";

let ahead = 0; // by how many milliseconds the sandbox's clock is ahead of the browser's

export const setNow = now => { ahead = Date.parse(now) - Date.now(); };
export const sandboxNow = () => new Date(Date.now() + ahead);
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

export function ago(at) {
  const seconds = Math.max(0, Math.round((Date.now() + ahead - Date.parse(at)) / 1000));
  if (seconds < 3) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86400)} d ago`;
}

export function when(at) {
  return at ? h("time", { datetime: at, title: at, "data-ago": at }, ago(at)) : h("span", { class: "when" }, "");
}

export const absolute = at => (at ? `${clock.format(new Date(at))} · ${at}` : "");

// All digits are shown, and at least those of the currency's smallest unit.
export function money(amount, currency) {
  const [whole, part = ""] = String(amount).split(".");
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().minimumFractionDigits;
  const shown = part.padEnd(digits, "0");
  return `${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",")}${shown && `.${shown}`} ${currency}`;
}

export function pretty(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  let depth = 0, quoted = false, out = "";
  try { JSON.parse(text); } catch { return text; }
  // Only white space is added: JSON.parse would change long numbers, and the order of keys that are numbers.
  for (let place = 0; place < text.length; place += 1) {
    const one = text[place];
    if (quoted) {
      out += one;
      if (one === "\\") out += text[place += 1];
      else if (one === '"') quoted = false;
    } else if (one === '"') { quoted = true; out += one; }
    else if (/\s/.test(one)) continue;
    else if ("{[".includes(one)) {
      const closing = text.slice(place + 1).match(/^\s*([}\]])/);
      if (closing) { out += one + closing[1]; place += closing[0].length; }
      else out += `${one}\n${"  ".repeat(depth += 1)}`;
    } else if ("}]".includes(one)) out += `\n${"  ".repeat(depth -= 1)}${one}`;
    else if (one === ",") out += `,\n${"  ".repeat(depth)}`;
    else out += one === ":" ? ": " : one;
  }
  return out;
}

const TONES = {
  SUCCESS: "good", APPROVED: "good", PAID: "good", ACTIVE: "good", FAILED: "bad", EXPIRED: "", RETURNED: "warn", UNPAYABLE: "bad", CANCELLED: "", PENDING: "warn", OPEN: "warn",
};
export const state = status => chip(status, TONES[status] ?? "");

export function httpStatus(status, fallback = "no answer") {
  const tone = status === null ? "bad" : status < 300 ? "good" : status < 400 ? "" : status < 500 ? "warn" : "bad";
  return chip(status === null ? fallback : String(status), `status ${tone}`);
}
