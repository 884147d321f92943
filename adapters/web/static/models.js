// What answers, what this machine could run instead, and changing to it: a card on the empty chat page and on the admin page.

import { api } from "./api.js";
import { h } from "./dom.js";
import { bytes } from "./format.js";

const POLL_MS = 700;

export class Models {
  #timer = 0;
  #open = false; // the other ways
  #ended = ""; // how the last change ended, as this page saw it

  /** `always` shows the card also when there is nothing to offer. */
  constructor(host, { always = false } = {}) {
    this.host = host;
    this.always = always;
    this.offer = null;
    this.#build();
    this.#load();
  }

  #build() {
    this.lead = h("p.models-lead");
    this.note = h("p.models-note");
    this.use = h("button.primary", { type: "button", onclick: () => this.#change({ preset: this.offer.preset }) }, "Use it");
    this.more = h("button.plain", { type: "button", "aria-expanded": "false", onclick: () => this.#toggle() }, "Other ways");
    this.actions = h("p.models-actions", {}, this.use, this.more);
    this.status = h("span.status");
    this.count = h("span.count.num");
    this.bar = h("span.progress", { role: "progressbar", "aria-valuemin": "0", "aria-label": "Progress" }, h("i"));
    this.stop = h("button.plain", { type: "button", onclick: () => this.#cancel() }, "Cancel");
    this.live = h("div.models-live", { hidden: true }, h("div.line", {}, h("span.pulse", { "aria-hidden": "true" }), this.status, this.stop), this.bar, this.count);
    this.said = h("p.models-said", { role: "status", hidden: true });
    this.preset = h("select", { name: "preset" });
    this.presets = h("form.models-form", { onsubmit: (event) => this.#submitPreset(event) },
      h("label", {}, "Another size", this.preset), h("button.plain", { type: "submit" }, "Use it"));
    const field = (name, label, attributes) => h("label", {}, label, h("input", { name, autocomplete: "off", spellcheck: "false", ...attributes }));
    this.server = h("form.models-form", { onsubmit: (event) => this.#submitServer(event) },
      field("server", "A model server's address", { type: "text", placeholder: "http://localhost:8000/v1", required: true, inputmode: "url" }),
      field("key", "Its key, if it wants one", { type: "password" }),
      field("model", "Model, if it has several", { type: "text" }),
      h("button.plain", { type: "submit" }, "Try and use it"));
    this.ways = h("div.models-ways", { hidden: true }, this.presets, this.server,
      h("p.muted", {}, "In a terminal: ", h("code", {}, "gpt4video models use auto")));
    this.host.append(this.lead, this.note, this.actions, this.ways, this.live, this.said);
  }

  async #load() {
    try {
      this.#show(await api("/api/admin/models"));
      if (!this.now.lite && !this.always) return;
      this.offer = await api("/api/admin/models/offer");
      this.#show(this.now);
    } catch (error) {
      this.#say(error.message);
      this.host.hidden = !this.always;
    }
  }

  #show(now) {
    this.now = now;
    const { change, lite } = now;
    const better = this.offer && this.offer.preset !== "lite" && lite;
    this.lead.textContent = lite ? "The lite models answer here. They need no download." : `Now answering: ${now.answering}.`;
    this.note.hidden = !(better || (lite && !this.offer));
    this.note.textContent = better ? `This machine can run the ${this.offer.says}. ${this.offer.install}` : "Checking what this machine can run …";
    this.use.hidden = !better || Boolean(this.offer.install);
    if (better) this.use.setAttribute("aria-label", `Use the preset ${this.offer.preset}`);
    this.actions.hidden = change.busy;
    this.ways.hidden = change.busy || !this.#open;
    if (!this.preset.options.length) this.preset.append(...now.presets.map((name) => h("option", { value: name }, name)));
    this.#progress(change);
    if (!change.busy && change.says) this.#say(change.says);
    this.host.hidden = !(this.always || lite || change.busy || this.#ended);
    clearTimeout(this.#timer);
    if (change.busy) this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  #progress({ busy, phase, model, done, total }) {
    this.live.hidden = !busy;
    if (!busy) return;
    this.#ended = "seen";
    this.said.hidden = true;
    const words = { trying: "Trying the server …", fetching: model ? `Fetching ${model}` : "Asking what is here …", loading: "Loading and checking …" };
    this.status.textContent = words[phase] ?? "Working …";
    const known = phase === "fetching" && total > 0;
    this.bar.hidden = this.count.hidden = !known;
    if (!known) return;
    const text = `${bytes(done)} of ${bytes(total)}`;
    this.count.textContent = text;
    this.bar.setAttribute("aria-valuemax", total);
    this.bar.setAttribute("aria-valuenow", done);
    this.bar.setAttribute("aria-valuetext", text);
    this.bar.firstElementChild.style.setProperty("width", `${(100 * done) / total}%`);
  }

  async #poll() {
    try {
      this.#show(await api("/api/admin/models"));
    } catch (error) {
      this.status.textContent = error.message;
      this.#timer = setTimeout(() => this.#poll(), 4 * POLL_MS);
    }
  }

  #toggle() {
    this.#open = !this.#open;
    this.more.setAttribute("aria-expanded", String(this.#open));
    this.ways.hidden = !this.#open;
  }

  async #change(wish) {
    try {
      this.#show(await api("/api/admin/models/use", { method: "POST", body: wish }));
      this.stop.focus();
    } catch (error) {
      this.#say(error.message);
    }
  }

  async #cancel() {
    try {
      this.#show(await api("/api/admin/models/cancel", { method: "POST" }));
    } catch (error) {
      this.#say(error.message);
    }
  }

  #submitPreset(event) {
    event.preventDefault();
    this.#change({ preset: this.preset.value });
  }

  #submitServer(event) {
    event.preventDefault();
    const wish = Object.fromEntries(new FormData(this.server));
    this.server.elements.key.value = ""; // it is not shown again
    this.#change(wish);
  }

  #say(sentence) {
    this.said.textContent = sentence;
    this.said.hidden = !sentence;
  }
}
