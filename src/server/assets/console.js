import { post, say, words } from "./shared.js";

const form = document.querySelector("#ask");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    say("Looking …");
    const { outcome, answer, question } = await post("/api/ask", { text: form.elements.text.value, thread: "console" });
    say(words(answer ?? question ?? outcome), outcome === "refused" ? "bad" : "good");
  } catch (error) {
    say(error.message, "bad");
  } finally {
    button.disabled = false;
  }
});
