// Shows one chat's workspace, and asks for it. Whatever others wrote (names, logs, errors) is put in as text, never as HTML.

const LOOK_AGAIN = 10_000; // ms, while nothing is under way: somebody else may have asked, or stopped it
const TRY_AGAIN = 1_000; // ms, after what the next try may put right

const element = (id) => document.getElementById(id);
const chat = `/chats/${encodeURIComponent(document.querySelector("main").dataset.chat)}`;
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
    element("state").textContent = `${workspace}: ${told.phase} …`;
    element("next-step").textContent = "";
    enable({});
    follow();
    return;
  }
  element("state").textContent = `${workspace} is ${told.state}.`;
  element("next-step").textContent = [told.error, told.next_step].filter(Boolean).join(" – ");
  if (told.log_tail?.length) element("log").textContent = told.log_tail.join("\n");
  markPhases(null);
  enable({ ask: ["absent", "gone", "failed"].includes(told.state), start: told.state === "stopped", stop: told.state === "ready" });
  lookLater();
}

function showProblem(problem) {
  element("state").textContent = problem.message;
  element("next-step").textContent = problem.next_step;
  enable({ ask: true });
  lookLater(problem.retryable ? TRY_AGAIN : LOOK_AGAIN);
}

function showPhase(told) {
  if (!told.phase) return;
  begin(told.build_number);
  element("state").textContent = `${workspace}: ${told.phase} …`;
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

function enable(which) {
  for (const id of ["ask", "start", "stop"]) element(id).disabled = !which[id];
}

element("ask").addEventListener("click", () => post("workspace", { template: "docker" }));
element("start").addEventListener("click", () => post("start"));
element("stop").addEventListener("click", () => post("stop"));
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
look();
