// Shows one chat's workspace, and asks for it. Whatever others wrote (names, logs, errors) is put in as text, never as HTML.

const LOOK_AGAIN = 10_000; // ms, while nothing is under way: somebody else may have asked, or stopped it
const TRY_AGAIN = 1_000; // ms, after what the next try may put right

const BUTTONS = ["ask", "start", "stop"];
const TONES = { ready: "good", failed: "bad", unreachable: "bad", unknown: "bad" };

const element = (id) => document.getElementById(id);
const chatName = document.querySelector("main").dataset.chat;
const chat = `/chats/${encodeURIComponent(chatName)}`;
let source = null;
let timer = null;
let build = null;
let workspace = null;

function follow() {
  if (source) return;
  source = new EventSource(`${chat}/events`);
  const on = (name, show) => source.addEventListener(name, (event) => show(JSON.parse(event.data)));
  on("phase", showPhase);
  on("line", showLine);
  on("outcome", (outcome) => { unfollow(); show(outcome); });
  on("problem", (problem) => { if (!problem.retryable) unfollow(); showProblem(problem); });
  // A stream that ends is asked for again by the browser; one that was refused is not.
  source.onerror = () => { if (source?.readyState === EventSource.CLOSED) { unfollow(); lookLater(); } };
}

function unfollow() {
  source?.close();
  source = null;
}

function lookLater(after = LOOK_AGAIN) {
  clearTimeout(timer);
  timer = setTimeout(() => (document.hidden ? lookLater() : look()), after);
}

async function look() {
  if (source) return;
  await tell(() => fetch(`${chat}/status`));
}

async function post(action, body = {}) {
  enable({});
  await tell(() => fetch(`${chat}/${action}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  }));
}

async function tell(request) {
  try {
    const answer = await request();
    const told = await answer.json();
    if (answer.ok) show(told);
    else if (answer.status === 404) show({ state: "absent", phase: null, next_step: "" });
    else showProblem(told);
  } catch {
    showProblem({ message: "The server did not answer.", next_step: "This page asks again by itself.", retryable: true });
  }
}

function show(told) {
  workspace = told.workspace ?? "The workspace";
  if (told.phase) {
    say("busy", `${workspace}: ${told.phase} …`);
    enable({});
    follow();
    return;
  }
  say(TONES[told.state] ?? "", `${workspace} is ${told.state}.`, [told.error, told.next_step].filter(Boolean).join("\n"));
  if (told.log_tail?.length) element("log").textContent = told.log_tail.join("\n");
  markPhases(null);
  enable({ ask: ["absent", "gone", "failed"].includes(told.state), start: told.state === "stopped", stop: told.state === "ready" });
  lookLater();
}

function showProblem(problem) {
  say("bad", problem.message, problem.next_step);
  enable({ ask: true });
  lookLater(problem.retryable ? TRY_AGAIN : LOOK_AGAIN);
}

function showPhase(told) {
  if (!told.phase) return;
  begin(told.build_number);
  say("busy", `${workspace}: ${told.phase} …`);
  markPhases(told.phase);
}

function showLine(told) {
  begin(told.build_number);
  const log = element("log");
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  log.append(`${told.line}\n`);
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function begin(number) {
  if (number === build) return;
  if (build) {
    element("phases").replaceChildren();
    element("log").replaceChildren();
  }
  build = number;
}

function markPhases(current) {
  const list = element("phases");
  for (const item of list.children) item.removeAttribute("aria-current");
  if (!current) return;
  let item = [...list.children].find((one) => one.textContent === current);
  if (!item) {
    item = document.createElement("li");
    item.textContent = current;
    list.append(item);
  }
  item.setAttribute("aria-current", "step");
}

// A text that has not changed is left alone: whoever listens is told each thing once.
function say(tone, state, nextStep = "") {
  put(element("state"), state);
  put(element("next-step"), nextStep);
  element("now").dataset.tone = tone;
  document.title = `${state} ${chatName}`;
}

function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

// A button that cannot be pressed now keeps the keyboard's focus, and says that it cannot be pressed.
function enable(which) {
  for (const id of BUTTONS) element(id).setAttribute("aria-disabled", String(!which[id]));
}

function onPress(id, act) {
  element(id).addEventListener("click", () => { if (element(id).getAttribute("aria-disabled") !== "true") act(); });
}

onPress("ask", () => post("workspace", { template: "docker" }));
onPress("start", () => post("start"));
onPress("stop", () => { element("stopping").returnValue = ""; element("stopping").showModal(); });
element("stopping").addEventListener("close", () => { if (element("stopping").returnValue === "stop") post("stop"); });
element("chat").addEventListener("keydown", (event) => { if (event.key === "Escape") event.target.value = chatName; });
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
look();
