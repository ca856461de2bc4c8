// The control interface: the token, requests, and the stream of changes.

const KEY = "paycombat-control";
let token = "";

// Takes the token out of the address, where paycombat sandbox has put it. It stays in this tab only.
export function takeToken(views) {
  const given = decodeURIComponent(location.hash.slice(1));
  if (given.length >= 16 && !views.includes(given)) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", "/");
  }
  token = sessionStorage.getItem(KEY) ?? "";
  return token !== "";
}

export function setToken(given) {
  token = given;
  sessionStorage.setItem(KEY, given);
}

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function send(path, options = {}) {
  let answer;
  try {
    answer = await fetch(`/_sandbox/${path}`, { ...options, headers: { ...options.headers, "X-Sandbox-Control": token } });
  } catch {
    throw new Refused(0, "the sandbox does not answer; is it still running?");
  }
  if (!answer.ok) throw new Refused(answer.status, (await answer.json()).message);
  return answer;
}

export async function get(name, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return (await send(`${name}?${new URLSearchParams(given)}`)).json();
}

export async function post(name, body) {
  return (await send(name, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).json();
}

// Calls onChange for each change, and onState with "on" or "off". Connects again by itself: EventSource would, too, but
// it cannot send the token's header.
export async function listen(onChange, onState) {
  for (let wait = 250; ; wait = Math.min(wait * 2, 5000)) {
    try {
      const reader = (await send("events")).body.pipeThrough(new TextDecoderStream()).getReader();
      onState("on");
      wait = 250;
      await read(reader, onChange);
    } catch (error) {
      if (error.status === 401) return onState("refused");
    }
    onState("off");
    await new Promise(resolve => setTimeout(resolve, wait));
  }
}

async function read(reader, onChange) {
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.split("\n").find(line => line.startsWith("data: "));
      if (data) onChange(JSON.parse(data.slice(6)));
    }
  }
}
