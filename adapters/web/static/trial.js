// Tries a text or a clip against the current limits and shows each score beside its limit.

import { api, Upload } from "./api.js";
import { byId, h, icon, meter } from "./dom.js";
import { clock, plural, score } from "./format.js";
import { gaps } from "./verdicts.js";

export class Trials {
  constructor({ channel, complain, thresholds, maxBytes }) {
    Object.assign(this, { channel, complain, thresholds, maxBytes });
    this.form = byId("trial");
    this.result = byId("try-result");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#text(byId("try-text").value.trim());
    });
    byId("try-text").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    byId("try-pick").addEventListener("click", () => byId("try-file").click());
    byId("try-file").addEventListener("change", ({ target }) => {
      if (target.files[0]) this.#clip(target.files[0]);
      target.value = "";
    });
    this.#watchDrops();
  }

  #watchDrops() {
    addEventListener("dragover", (event) => {
      event.preventDefault();
      this.form.classList.add("over");
    });
    addEventListener("dragleave", (event) => event.relatedTarget === null && this.form.classList.remove("over"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      this.form.classList.remove("over");
      if (event.dataTransfer.files[0]) this.#clip(event.dataTransfer.files[0]);
    });
  }

  #text(text) {
    if (!text) return byId("try-text").focus();
    return this.#run(() => api("/api/admin/try/text", { method: "POST", body: { text, channel: this.channel() } }), "Scoring the text …");
  }

  #clip(file) {
    return this.#run(async () => {
      const upload = new Upload(file, this.maxBytes);
      await upload.finished;
      if (upload.state !== "done") throw new Error(upload.error);
      return api("/api/admin/try/clip", { method: "POST", body: { upload: upload.id, channel: this.channel() } });
    }, `Scoring ${file.name} …`);
  }

  async #run(call, line) {
    const buttons = [byId("try-go"), byId("try-pick")];
    for (const button of buttons) button.disabled = true;
    this.result.replaceChildren(h("p.muted", {}, line));
    try {
      this.result.replaceChildren(...outcome(await call(), this.thresholds()));
    } catch (error) {
      this.result.replaceChildren(h("p.muted", {}, error.message));
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }
}

function outcome(trial, thresholds) {
  const blocks = trial.chips.filter((chip) => chip.action === "block");
  const why = blocks.map((chip) => `${chip.category}${chip.time_s === null ? "" : ` at ${clock(chip.time_s)}`}`).join(", ");
  const sentence = trial.allowed ? "Would be let through" : `Would be stopped${why ? `: ${why}` : ""}`;
  const rows = Object.entries(trial.scores).sort(([, a], [, b]) => b - a);
  return [
    h(`p.outcome${trial.allowed ? "" : ".block"}`, {}, icon(trial.allowed ? "check" : "shield"), sentence),
    h("ul.bars", {}, ...rows.map(([category, value]) => {
      const chip = trial.chips.find((one) => one.category === category);
      const limit = chip?.threshold ?? thresholds[category] ?? null;
      const label = limit === null ? score(value) : `${score(value)}, limit ${score(limit)}`;
      return h("li", { title: label }, category, meter(value, limit, chip?.action ?? "allow"),
        h("span.value.num", {}, score(value), limit === null ? null : h("span.sr-only", {}, `, limit ${score(limit)}`)));
    })),
    h("p.muted", {}, [
      gaps(trial.not_covered, trial.unread),
      `Scored in ${trial.seconds < 0.1 ? "less than 0.1" : trial.seconds.toFixed(1)} s, ${plural(rows.length, "category", "categories")}.`,
    ].filter(Boolean).join(" ")),
  ];
}
