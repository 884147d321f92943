// Safety verdicts: small chips that open to the scores. What no guard scored is said, never shown as safe.

import { h, icon, meter } from "./dom.js";
import { clock, plural, score } from "./format.js";

const ACTIONS = { allow: "allowed", warn: "warning", block: "blocked" };

export class Verdicts {
  #key = "";

  constructor() {
    this.element = h("details.verdicts", { hidden: true });
  }

  /** `unread` are those of `notCovered` whose language no guard knows. */
  set(chips, notCovered, unread = []) {
    const key = JSON.stringify([chips, notCovered, unread]);
    if (key === this.#key) return;
    this.#key = key;
    this.element.hidden = !chips.length && !notCovered.length;
    if (this.element.hidden) return;
    this.element.replaceChildren(summary(chips, notCovered, unread), details(chips, notCovered, unread));
  }
}

function summary(chips, notCovered, unread) {
  const passed = chips.filter((chip) => chip.action === "allow").length;
  return h("summary", { "aria-label": "Safety checks: open the scores" },
    ...chips.filter((chip) => chip.action !== "allow").map((chip) =>
      h(`span.chip.${chip.action}`, {}, icon(chip.action === "block" ? "stop" : "alert"), `${chip.category} ${score(chip.score)}`)),
    passed ? h("span.chip", {}, icon("check"), `${plural(passed, "check")} passed`) : null,
    notCovered.length > unread.length ? h("span.chip.hollow", {}, `${notCovered.length - unread.length} not covered`) : null,
    unread.length ? h("span.chip.hollow", {}, "language not covered") : null,
    h("span.chevron", {}, icon("down")));
}

/** What stays unproven, as sentences; empty when everything was scored. */
export function gaps(notCovered, unread = []) {
  const never = notCovered.filter((category) => !unread.includes(category));
  return [
    never.length ? `Not covered: ${never.join(", ")}. No loaded guard scores ${never.length === 1 ? "this" : "these"}.` : "",
    unread.length ? `Not covered for this language: ${unread.join(", ")}. The scores prove nothing here.` : "",
  ].filter(Boolean).join(" ");
}

function details(chips, notCovered, unread) {
  const order = { block: 0, warn: 1, allow: 2 };
  const sorted = [...chips].sort((a, b) => order[a.action] - order[b.action] || b.score - a.score);
  return h("div.scores", {},
    sorted.length ? h("ul", {}, ...sorted.map(row)) : null,
    notCovered.length ? h("p.uncovered", {}, gaps(notCovered, unread)) : null);
}

function row(chip) {
  const where = chip.time_s === null ? chip.where : `${chip.where} at ${clock(chip.time_s)}`;
  return h("li", {},
    h("span.what", {}, h("b", {}, chip.category), h("small", {}, where)),
    meter(chip.score, chip.threshold, chip.action),
    h("span.value.num", {}, h("b", {}, score(chip.score)), h("small", {}, `limit ${score(chip.threshold)}`)),
    h(`span.verdict.${chip.action}`, {}, ACTIONS[chip.action] ?? chip.action));
}
