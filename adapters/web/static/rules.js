// The limits: a slider and an action per category, what a change would have done, and where a value comes from.

import { api } from "./api.js";
import { byId, h, icon } from "./dom.js";
import { plural, score } from "./format.js";

const ASK_AFTER_MS = 180;
const ORIGINS = { default: "default", community: "for everyone", place: "for this place" };

export class Rules {
  #rows = new Map();

  constructor({ channel, complain, say, changed }) {
    Object.assign(this, { channel, complain, say, changed });
    this.list = byId("rules");
  }

  /** Show the rules of the chosen scope; returns the categories. */
  async load() {
    this.#show((await api(`/api/admin/rules?${new URLSearchParams({ channel: this.channel() })}`)).rules);
    return [...this.#rows.keys()];
  }

  thresholds() {
    return Object.fromEntries([...this.#rows].map(([category, row]) => [category, row.rule.threshold]));
  }

  #show(rules, only = "") {
    for (const rule of rules) {
      // A row that somebody is changing keeps what was typed into it.
      const old = this.#rows.get(rule.category);
      if (only && old?.dirty && rule.category !== only) continue;
      const row = new Row(rule, this);
      if (old) old.element.replaceWith(row.element);
      else this.list.append(row.element);
      this.#rows.set(rule.category, row);
    }
  }

  async save(category, threshold, action) {
    await this.#send("PUT", "/api/admin/rules", { category, threshold, action }, `${category}: limit ${score(threshold)}, ${action}. Saved.`);
  }

  async reset(category) {
    await this.#send("POST", "/api/admin/rules/reset", { category }, `${category} follows the wider rule again.`);
  }

  async #send(method, path, body, done) {
    try {
      this.#show((await api(path, { method, body: { ...body, channel: this.channel() } })).rules, body.category);
      this.say(done);
      this.#rows.get(body.category)?.slider.focus();
      await this.changed();
    } catch (error) {
      this.complain(error);
    }
  }
}

class Row {
  #timer = 0;
  #asked = 0;

  constructor(rule, rules) {
    Object.assign(this, { rule, rules });
    const { category } = rule;
    this.slider = h("input", {
      type: "range", min: "0", max: "1", step: "0.01", "aria-label": `Limit for ${category}`, oninput: () => this.#edited(),
    });
    this.number = h("output", { "aria-hidden": "true" });
    this.action = h("select", { "aria-label": `Action for ${category}`, onchange: () => this.#edited() },
      ...["allow", "warn", "block"].map((name) => h("option", { value: name }, name)));
    this.words = h("p", { role: "status" });
    this.change = h("div.change", { hidden: true }, this.words,
      h("button.plain", { type: "button", onclick: () => this.#undo() }, "Undo"),
      h("button.primary", { type: "button", onclick: () => rules.save(category, this.threshold, this.action.value) }, "Save"));
    this.element = h("li.rule", { "data-category": category },
      h("div.rule-name", {}, h("b", {}, category), badges(rule)),
      h("div.limit", {}, this.slider, this.number), this.action, origin(rule, () => rules.reset(category)), this.change);
    this.#undo();
  }

  get threshold() {
    return Number(this.slider.value);
  }

  get dirty() {
    return score(this.threshold) !== score(this.rule.threshold) || this.action.value !== this.rule.action;
  }

  #undo() {
    this.slider.value = String(this.rule.threshold);
    this.action.value = this.rule.action;
    this.#edited();
  }

  #edited() {
    this.number.textContent = score(this.threshold);
    this.slider.setAttribute("aria-valuetext", score(this.threshold));
    this.element.classList.toggle("dim", this.action.value === "allow" || (!this.rule.text && !this.rule.frames));
    this.change.hidden = !this.dirty;
    clearTimeout(this.#timer);
    this.#asked += 1;
    if (!this.dirty) return;
    if (score(this.threshold) === score(this.rule.threshold)) {
      this.words.textContent = `From ${score(this.threshold)} on: ${this.action.value} instead of ${this.rule.action}.`;
    } else {
      this.words.textContent ||= "Counting …";
      this.#timer = setTimeout(() => this.#ask(this.#asked), ASK_AFTER_MS);
    }
  }

  async #ask(number) {
    const asked = { category: this.rule.category, threshold: this.threshold, channel: this.rules.channel() };
    try {
      const found = await api(`/api/admin/what-if?${new URLSearchParams(asked)}`);
      if (number === this.#asked) this.words.textContent = sentence(asked.threshold, found);
    } catch (error) {
      this.words.textContent = error.message;
    }
  }
}

function sentence(threshold, { decisions, would_block: stopped, would_allow: passed }) {
  const start = `With ${score(threshold)}, `;
  if (!decisions) return `${start}nothing would differ: no decision has been recorded here yet.`;
  if (!stopped && !passed) return `${start}none of the last ${plural(decisions, "decision")} here would differ.`;
  const parts = [stopped && `${stopped} more stopped`, passed && `${passed} more let through`].filter(Boolean).join(", ");
  return `${start}${stopped + passed} of the last ${plural(decisions, "decision")} here would differ: ${parts}.`;
}

function badges({ text, frames }) {
  if (!text && !frames) return h("span.badges", {}, h("span.badge.off", { title: "No loaded guard scores this category" }, "not covered"));
  const one = (on, name) => h(`span.badge.${on ? "on" : "off"}`, {}, on ? name : `${name} not covered`);
  return h("span.badges", {}, one(text, "text"), one(frames, "frames"));
}

function origin({ category, origin: from }, reset) {
  return h("span.origin", {}, ORIGINS[from] ?? from, from === "default" ? null
    : h("button.quiet", { type: "button", "aria-label": `Reset ${category}`, onclick: reset }, icon("again"), "Reset"));
}
