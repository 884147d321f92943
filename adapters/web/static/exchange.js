// One question and its answer. Given a view, it makes itself look like it, and touches only what changed.

import { h, icon } from "./dom.js";
import { barLine, queueLine } from "./format.js";
import { isGenerate, parseGenerate } from "./command.js";
import { RichText } from "./richtext.js";
import { clipCard, Strip } from "./strip.js";
import { Verdicts } from "./verdicts.js";
import { Videos } from "./video.js";

const FINAL = ["done", "blocked", "cancelled", "failed"];
const TROUBLE = {
  blocked: { title: "Blocked by the safety rules", icon: "shield", look: "block" },
  failed: { title: "That did not work", icon: "alert", look: "warn" },
  cancelled: { title: "Cancelled", icon: "stop", look: "calm" },
};

export class Exchange {
  request = "";
  view = null;

  /** `question` is {text, attachments}; `files` what this window still has of them; `actions` what its buttons do. */
  constructor({ id = "", question, files = [], actions }) {
    Object.assign(this, { id, question, files, actions });
    this.command = isGenerate(question.text) ? parseGenerate(question.text) : null;
    this.strip = new Strip();
    this.verdicts = new Verdicts();
    this.videos = new Videos({ again: (video) => actions.again(this, video), vary: (video) => actions.vary(this, video) });
    this.#build();
    this.waiting("Sending …");
  }

  get final() {
    return FINAL.includes(this.view?.state);
  }

  /** Before the server has taken it. */
  waiting(line) {
    if (this.view) return;
    this.element.dataset.state = "sending";
    this.#live({ line, cancel: false });
  }

  show(view) {
    this.view = view;
    this.request = view.request;
    this.element.dataset.state = view.state;
    this.element.dataset.request = view.request;
    this.element.setAttribute("aria-busy", String(!this.final));
    if (this.question.attachments.length && !this.final) this.strip.expect();
    this.strip.set(view.stills, this.question.attachments, this.final);
    this.text.set(view.text);
    this.videos.set(view.videos);
    this.verdicts.set(view.chips, view.not_covered, view.unread);
    this.#trouble(view);
    this.#footer(view);
    if (this.final) this.#settle();
    else this.#live({ line: view.queue ? queueLine(view.queue) : view.status || this.#doing(view), bar: view.bar, cancel: view.can_cancel });
  }

  /** A message that the server refused, or that could not be sent. */
  refuse(sentence) {
    this.show({
      request: this.request, state: "failed", text: "", status: "", notice: sentence, queue: null, bar: null, stills: [],
      videos: [], chips: [], not_covered: [], unread: [], footer: "", can_cancel: false,
    });
  }

  /** The server could not cancel: the button works again. */
  cancelRefused() {
    this.cancelButton.removeAttribute("aria-disabled");
  }

  remove() {
    for (const file of this.files) URL.revokeObjectURL(file.url);
    this.element.remove();
  }

  #build() {
    const { question, files } = this;
    const words = this.command && !this.command.problem ? commandWords(this.command) : [question.text];
    const textElement = h("div.text");
    this.text = new RichText(textElement);
    this.status = h("span.status");
    this.count = h("span.count.num");
    this.progress = h("span.progress", { role: "progressbar", "aria-valuemin": "0", "aria-label": "Progress" }, h("i"));
    this.cancelButton = h("button.plain.cancel", { type: "button", onclick: () => this.#cancel() }, "Cancel");
    this.live = h("div.live", {},
      h("div.line", {}, h("span.pulse", { "aria-hidden": "true" }), this.status, this.cancelButton), this.progress, this.count);
    this.trouble = h("div.callout", { hidden: true });
    this.foot = h("p.foot", { hidden: true });
    this.element = h("article.exchange", { "aria-label": "Question and answer" },
      h("div.question", {},
        question.attachments.length ? h("div.clips", {}, ...question.attachments.map((name, index) => clipCard(name, files[index]))) : null,
        question.text ? h("p.bubble", {}, ...words) : null),
      this.strip.element,
      h("div.answer", {}, textElement, this.videos.element, this.live, this.trouble,
        h("div.after", {}, this.verdicts.element, this.foot)));
    if (this.command && !this.command.problem) {
      const { width = 640, height = 360 } = this.command;
      this.live.classList.add("canvas");
      this.live.style.setProperty("--ratio", `${width} / ${height}`);
      this.live.style.setProperty("--shape", String(width / height));
    }
  }

  /** What to say while the server says nothing. */
  #doing(view) {
    if (view.bar && (this.command || view.bar.label === "frames")) return "Making the video …";
    return view.text ? "Answering …" : "Working …";
  }

  #live({ line, bar = null, cancel }) {
    this.live.hidden = false;
    this.status.textContent = line;
    this.cancelButton.hidden = !cancel;
    this.progress.hidden = !bar;
    this.count.hidden = !bar;
    if (!bar) return;
    const text = barLine(bar);
    this.count.textContent = text;
    this.progress.setAttribute("aria-valuemax", bar.total);
    this.progress.setAttribute("aria-valuenow", bar.step);
    this.progress.setAttribute("aria-valuetext", text);
    this.progress.firstElementChild.style.setProperty("width", `${(100 * bar.step) / Math.max(bar.total, 1)}%`);
  }

  #settle() {
    // Who stood on the cancel button must not fall off the page with it.
    const stranded = this.live.contains(document.activeElement);
    this.live.hidden = true;
    if (stranded) this.actions.settle();
  }

  #cancel() {
    if (this.cancelButton.hasAttribute("aria-disabled")) return;
    // Not `disabled`: that would take the focus away from whoever pressed it.
    this.cancelButton.setAttribute("aria-disabled", "true");
    this.status.textContent = "Cancelling …";
    this.actions.cancel(this);
  }

  #trouble(view) {
    const kind = TROUBLE[view.state];
    this.trouble.hidden = !kind && !view.notice;
    if (this.trouble.hidden) return;
    const look = kind ?? { title: "", icon: "alert", look: "warn" };
    this.trouble.className = `callout ${look.look}`;
    const again = this.final && view.state !== "done"
      ? h("button.plain", { type: "button", onclick: () => this.actions.edit(this) }, icon("pencil"), "Edit and ask again") : null;
    this.trouble.replaceChildren(icon(look.icon), h("div", {},
      look.title ? h("strong", {}, look.title) : null,
      view.notice && view.notice !== `${look.title}.` ? h("p", {}, view.notice) : null, again));
  }

  #footer(view) {
    const number = ["blocked", "failed"].includes(view.state) && this.request && !view.footer.includes(this.request) ? `request ${this.request}` : "";
    const shown = [view.footer, number].filter(Boolean).join(" · ");
    this.foot.hidden = !this.final || !shown;
    this.foot.textContent = shown;
  }
}

function commandWords({ prompt, seconds, width, height, seed, avoid }) {
  const facts = [
    seconds && `${seconds} s`, width && `${width} × ${height}`, seed !== undefined && `seed ${seed}`, avoid && `without ${avoid}`,
  ].filter(Boolean);
  return [h("span.kind", {}, icon("film"), "Make a video"), prompt, facts.length ? h("small", {}, facts.join(" · ")) : null].filter(Boolean);
}
