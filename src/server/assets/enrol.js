import { post, say } from "./shared.js";

const form = document.querySelector("#enrol");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const code = new FormData(form).get("code");
    const { optionsJSON, ticket } = await post("/enrol/options", { code });
    const registration = await globalThis.SimpleWebAuthnBrowser.startRegistration({ optionsJSON });
    const { name } = await post("/enrol", { ticket, registration });
    form.remove();
    say(`Enrolled. ${name} can sign off with this passkey.`, "good");
  } catch (error) {
    say(error.message, "bad");
  }
});
