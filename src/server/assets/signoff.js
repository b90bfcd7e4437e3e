import { post, say } from "./shared.js";

const form = document.querySelector("#signoff");
const base = `/signoff/${form.dataset.id}`;
const EVERY = 4000;

const items = [...form.querySelectorAll(".walk")];
const flows = [...form.querySelectorAll(".flow")];
const reading = document.querySelector("#reading small");

// What was seen before the request stands here already, and is not asked for again.
const mark = (element, state, text) => {
  if (state === "wait" || element.textContent === text) return;
  element.className = element.className.replace(/\b(good|bad|wait|rest)\b/, state);
  element.textContent = text;
};

// What was opened is the server's word, and what flowed is Hubble's: ask, as long as somebody looks.
const look = async () => {
  if (document.visibilityState !== "visible") return;
  const answer = await fetch(`${base}/progress`).catch(() => null);
  if (answer?.status === 401) return location.reload();
  if (!answer?.ok) return;
  const now = await answer.json();
  for (const item of items) {
    const opened = now.opened[item.dataset.url];
    if (opened === undefined) continue;
    mark(item.querySelector(".opened"), "good", `opened ${opened}`);
    for (const fieldset of item.querySelectorAll("fieldset")) fieldset.disabled = false;
  }
  for (const [index, line] of now.walk.entries()) if (flows[index]) mark(flows[index], line.state, line.said);
  if (reading.textContent !== now.reading) reading.textContent = now.reading;
};
document.addEventListener("visibilitychange", look);
setInterval(look, EVERY);

const walk = () =>
  items.map((item, index) => ({
    url: item.dataset.url,
    outcome: form.elements[`outcome-${index}`].value,
    login: form.elements[`login-${index}`].value,
  }));

// A walk that was answered is over, whatever the answer: the next one has a page of its own.
const again = document.querySelector("#again");
again.addEventListener("click", async () => {
  again.disabled = true;
  try {
    const text = `sign off ${form.dataset.namespace}`;
    const { waitingFor, answer } = await post("/api/ask", { text, thread: `walk-${crypto.randomUUID()}` });
    const page = waitingFor?.detail ?? "";
    if (page.startsWith(`${location.origin}/signoff/`)) location.assign(page);
    else say(answer ?? "There is nothing to sign.", "bad");
  } catch (error) {
    say(error.message, "bad");
    again.disabled = false;
  }
});

form.addEventListener("change", () => {
  const isBroken = walk().some((step) => step.outcome === "failed" || step.login === "not-completed");
  document.querySelector("#failed").hidden = !isBroken;
  form.querySelector(".primary").disabled = isBroken;
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector(".primary");
  button.disabled = true;
  try {
    const record = { walk: walk(), note: form.elements.note.value };
    if (record.walk.some((step) => step.outcome === "" || step.login === ""))
      throw new Error("Open every address first, and say what happened.");
    say("Your passkey, please.");
    const { optionsJSON } = await post(`${base}/statement`, record);
    const assertion = await globalThis.SimpleWebAuthnBrowser.startAuthentication({ optionsJSON });
    say("Checking what is applied, what you walked and what you signed …");
    const { outcome, detail } = await post(`${base}/attest`, { challenge: optionsJSON.challenge, assertion });
    say(detail, outcome === "refused" ? "bad" : "good");
    again.hidden = outcome !== "refused";
  } catch (error) {
    say(error.message, "bad");
    button.disabled = false;
  }
});
