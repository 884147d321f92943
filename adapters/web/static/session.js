// Signing out, where the page was opened with the token.

import { api, toLogin } from "./api.js";
import { byId } from "./dom.js";

/** Show the button if there is a session to end; `complain` is told what went wrong. */
export function offerSignOut(config, complain) {
  const button = byId("sign-out");
  button.hidden = !config.signed_in;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await api("/api/logout", { method: "POST" });
      toLogin();
    } catch (error) {
      button.disabled = false;
      complain(error.message);
    }
  });
}
