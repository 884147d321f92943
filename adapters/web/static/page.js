// What the page as a whole does: follow the end, speak to screen readers, take dropped files, show a short note.

import { byId, h } from "./dom.js";

const NEAR_END_PX = 90;

/** Keeps the end in sight, but only for people who are there already. */
export class Follow {
  #atEnd = true;

  constructor(button) {
    this.button = button;
    addEventListener("scroll", () => this.#look(), { passive: true });
    new ResizeObserver(() => this.#atEnd && this.#jump()).observe(byId("conversation"));
    button.addEventListener("click", () => this.toEnd());
  }

  keep(change) {
    change();
    if (this.#atEnd) this.#jump();
    else this.#look();
  }

  toEnd() {
    this.#atEnd = true;
    this.#jump();
  }

  #jump() {
    scrollTo(0, document.documentElement.scrollHeight);
    this.button.hidden = true;
  }

  #look() {
    const { scrollHeight, clientHeight, scrollTop } = document.documentElement;
    this.#atEnd = scrollHeight - clientHeight - scrollTop < NEAR_END_PX;
    this.button.hidden = this.#atEnd;
  }
}

/** Reads an answer out sentence by sentence, and says how it ended; a stream of half words helps nobody. */
export class Announcer {
  #said = new Map();

  constructor(element) {
    this.element = element;
  }

  follow({ request, text, state, status, notice }) {
    const last = this.#said.get(request) ?? { text: 0, status: "", state: "" };
    const fresh = text.slice(last.text);
    const final = !["waiting", "working"].includes(state);
    const upTo = final ? fresh.length : fresh.search(/[.!?](?=\s[^.!?]*$)/) + 1;
    if (upTo > 0) this.#say(fresh.slice(0, upTo));
    else if (!text && status && status !== last.status) this.#say(status);
    if (final && state !== last.state && (notice || state !== "done")) this.#say(notice || state);
    this.#said.set(request, { text: last.text + Math.max(upTo, 0), status, state });
  }

  #say(words) {
    const line = document.createElement("span");
    line.textContent = `${words} `;
    this.element.append(line);
    while (this.element.childElementCount > 20) this.element.firstElementChild.remove();
  }
}

/** A slim line on top, with the one thing that can be done about it. */
export function showBanner(sentence, action, onclick) {
  byId("banner").replaceChildren(sentence, h("button.quiet", { type: "button", onclick }, action));
  byId("banner").hidden = false;
}

let hide = 0;

export function toast(sentence) {
  const element = byId("toast");
  element.textContent = sentence;
  element.hidden = false;
  clearTimeout(hide);
  hide = setTimeout(() => { element.hidden = true; }, 6000);
}

/** The whole page is a place to drop files, and "/" goes to the field. */
export function watchDrops(overlay, take) {
  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const show = (on) => { overlay.hidden = !on; };
  addEventListener("dragenter", (event) => {
    if (carriesFiles(event)) show((depth += 1) > 0);
  });
  addEventListener("dragleave", (event) => {
    if (carriesFiles(event)) show((depth -= 1) > 0);
  });
  addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    show(false);
    take([...event.dataTransfer.files]);
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    byId("question").focus();
  });
}
