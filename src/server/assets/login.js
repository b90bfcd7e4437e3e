import { post, say } from "./shared.js";

const button = document.querySelector("#passkey");
button.addEventListener("click", async () => {
  try {
    const optionsJSON = await post("/login/passkey/options", {});
    const assertion = await globalThis.SimpleWebAuthnBrowser.startAuthentication({ optionsJSON });
    await post("/login/passkey", { challenge: optionsJSON.challenge, assertion });
    location.assign(button.dataset.next);
  } catch (error) {
    say(error.message, "bad");
  }
});
