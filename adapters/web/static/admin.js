// The safety page: joins the limits, the trial and the record of decisions under one choice of scope.

import { api } from "./api.js";
import { Audit } from "./audit.js";
import { byId, drawIcons, h } from "./dom.js";
import { Models } from "./models.js";
import { lastConversation } from "./place.js";
import { Rules } from "./rules.js";
import { offerSignOut } from "./session.js";
import { Trials } from "./trial.js";

drawIcons();

function complain(error) {
  const trouble = byId("trouble");
  trouble.textContent = error.message;
  trouble.hidden = false;
}

function say(sentence) {
  byId("trouble").hidden = true;
  byId("said").textContent = sentence;
}

const scope = byId("scope");
const conversation = lastConversation();
if (conversation) scope.append(h("option", { value: conversation }, "only your last conversation"));

const channel = () => scope.value;
const audit = new Audit({ channel, complain });
const rules = new Rules({ channel, complain, say, changed: () => audit.load() });

try {
  const config = await api("/api/config");
  document.title = `Safety · ${config.title}`;
  for (const element of document.querySelectorAll("[data-title]")) element.textContent = config.title;
  offerSignOut(config, (message) => complain(new Error(message)));
  if (config.models) new Models(byId("models"), { always: true });
  new Trials({ channel, complain, thresholds: () => rules.thresholds(), maxBytes: config.max_upload_bytes });
  audit.categories(await rules.load());
  await audit.load();
} catch (error) {
  complain(error);
}

scope.addEventListener("change", () => Promise.all([rules.load(), audit.load()]).catch(complain));
