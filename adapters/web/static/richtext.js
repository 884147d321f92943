// Shows a model's words: paragraphs, lists, code, bold and links, made of elements and text nodes, never of markup.

import { h } from "./dom.js";

const BULLET = /^\s*[-*•]\s+/;
const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)|(https?:\/\/[^\s<>"')\]]*[^\s<>"')\].,;:!?])/g;

/** Keeps the blocks that did not change, so that a streamed text neither flickers nor loses a selection. */
export class RichText {
  #sources = [];

  constructor(element) {
    this.element = element;
  }

  set(text) {
    const sources = blocks(text);
    sources.forEach((source, index) => {
      if (this.#sources[index] === source) return;
      const made = block(source);
      const old = this.element.children[index];
      if (old) old.replaceWith(made);
      else this.element.append(made);
    });
    while (this.element.children.length > sources.length) this.element.lastElementChild.remove();
    this.#sources = sources;
  }
}

/** A line that is set in under a bullet belongs to it. */
const continues = (first, line) => BULLET.test(first) && /^\s{2,}\S/.test(line);

function blocks(text) {
  const found = [];
  let fence = null;
  let lines = [];
  const flush = () => {
    if (lines.some((line) => line.trim())) found.push(lines.join("\n"));
    lines = [];
  };
  for (const line of text.split("\n")) {
    if (line.trimStart().startsWith("```")) {
      if (fence === null) flush();
      lines.push(line);
      fence = fence === null ? true : null;
      if (fence === null) flush();
    } else if (fence === null && !line.trim()) flush();
    else {
      if (fence === null && lines.length && BULLET.test(line) !== BULLET.test(lines[0]) && !continues(lines[0], line)) flush();
      lines.push(line);
    }
  }
  flush();
  return found;
}

function block(source) {
  if (source.trimStart().startsWith("```")) {
    return h("pre", { tabindex: "0" }, h("code", {}, source.replace(/^\s*```[^\n]*\n?/, "").replace(/\n?\s*```\s*$/, "")));
  }
  if (!BULLET.test(source)) return h("p", {}, ...inline(source));
  const items = [];
  for (const line of source.split("\n")) {
    if (BULLET.test(line)) items.push(line.replace(BULLET, ""));
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  return h("ul", {}, ...items.map((item) => h("li", {}, ...inline(item))));
}

function inline(text) {
  const pieces = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, bold, label, target, bare] = match;
    pieces.push(text.slice(last, match.index));
    if (code) pieces.push(h("code", {}, code));
    else if (bold) pieces.push(h("strong", {}, bold));
    else pieces.push(link(label ?? bare, target ?? bare));
    last = match.index + whole.length;
  }
  pieces.push(text.slice(last));
  return pieces;
}

const link = (label, target) => h("a", { href: target, target: "_blank", rel: "noopener noreferrer nofollow" }, label);
