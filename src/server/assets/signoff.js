import { post, say } from "./shared.js";

const form = document.querySelector("#signoff");
const base = `/signoff/${form.dataset.id}`;

// Coming back from a walk: what was opened is the server's word, so ask it.
document.addEventListener("visibilitychange", async () => {
  if (document.visibilityState !== "visible") return;
  const { opened } = await fetch(`${base}/openings`).then((answer) => answer.json());
  for (const item of form.querySelectorAll(".walk")) {
    if (opened[item.dataset.url] === undefined) continue;
    const mark = item.querySelector("span");
    if (mark.className === "good") continue;
    mark.className = "good";
    mark.textContent = `opened ${opened[item.dataset.url]}`;
    for (const fieldset of item.querySelectorAll("fieldset")) fieldset.disabled = false;
  }
});

const walk = () =>
  [...form.querySelectorAll(".walk")].map((item, index) => ({
    url: item.dataset.url,
    outcome: form.elements[`outcome-${index}`].value,
    login: form.elements[`login-${index}`].value,
  }));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const record = { walk: walk(), note: form.elements.note.value };
    if (record.walk.some((step) => step.outcome === "" || step.login === "")) {
      say("Open every address first, and say what happened.", "bad");
      return;
    }
    say("Your passkey, please.");
    const { optionsJSON } = await post(`${base}/statement`, record);
    const assertion = await globalThis.SimpleWebAuthnBrowser.startAuthentication({ optionsJSON });
    say("Checking.");
    const { outcome, detail } = await post(`${base}/attest`, { ...record, assertion });
    say(detail, outcome === "refused" ? "bad" : "good");
    if (outcome !== "refused") form.querySelector("button").disabled = true;
  } catch (error) {
    say(error.message, "bad");
  }
});
