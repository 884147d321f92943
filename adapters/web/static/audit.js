// The record of decisions and of changed rules: filtered, newest first, page by page.

import { api } from "./api.js";
import { byId, h, meter } from "./dom.js";
import { clock, score } from "./format.js";

const PAGE = 50;
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class Audit {
  #last = null;
  #asked = 0;

  constructor({ channel, complain }) {
    Object.assign(this, { channel, complain });
    this.filters = byId("filters");
    this.filters.addEventListener("submit", (event) => event.preventDefault());
    this.filters.addEventListener("change", () => this.load());
    byId("refresh").addEventListener("click", () => this.load());
    byId("older").addEventListener("click", () => this.load(this.#last));
  }

  categories(names) {
    this.filters.elements.category.append(...names.map((name) => h("option", { value: name }, name)));
  }

  /** The newest page, or the one before an entry. */
  async load(before = null) {
    this.#asked += 1;
    const number = this.#asked;
    const query = new URLSearchParams({ ...Object.fromEntries(new FormData(this.filters)), channel: this.channel(), limit: PAGE });
    if (before !== null) query.set("before", before);
    try {
      const { entries, more } = await api(`/api/admin/audit?${query}`);
      if (number !== this.#asked) return;
      const body = byId("entries");
      if (before === null) body.replaceChildren();
      body.append(...entries.map(row));
      this.#last = entries.at(-1)?.id ?? this.#last;
      byId("older").hidden = !more;
      byId("no-entries").hidden = body.childElementCount > 0;
      body.closest(".table").hidden = !body.childElementCount;
    } catch (error) {
      this.complain(error);
    }
  }
}

function row(entry) {
  const at = new Date(entry.at);
  const change = entry.kind === "change";
  const where = entry.time_s === null ? entry.where : `${entry.where} at ${clock(entry.time_s)}`;
  return h("tr", {},
    h("td.when.num", {}, h("time", { datetime: entry.at }, when.format(at))),
    h("td.what", {}, h("b", {}, entry.category), h("small", {}, change ? `rule changed by ${entry.author}` : where)),
    h("td.score.num", {}, ...scores(entry)),
    h("td.action", {}, h(`span.act.${change ? "change" : entry.action}`, {}, change ? "changed" : entry.action)),
    h("td.excerpt", {}, entry.excerpt || fromTo(entry.details), more(entry)));
}

function fromTo({ from, to }) {
  return [from, to].every((one) => ["string", "number"].includes(typeof one)) ? `${from} → ${to}` : "";
}

function scores({ score: value, threshold, action }) {
  if (value === null) return threshold === null ? [] : [h("span", {}, `limit ${score(threshold)}`)];
  return [
    h("span", {}, h("b", {}, score(value)), threshold === null ? "" : h("small", {}, ` limit ${score(threshold)}`)),
    meter(value, threshold, action),
  ];
}

function more({ request, author, place, details }) {
  const facts = Object.entries({ request, who: author, place, ...details }).filter(([, value]) => value !== "" && value !== null);
  if (!facts.length) return null;
  const show = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  return h("details", {}, h("summary", {}, "More"), h("dl", {}, ...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, show(value))])));
}
