// The field at the bottom: words, files, the options of a video. Hands a finished draft to `onsend`.

import { Upload } from "./api.js";
import { isGenerate, parseGenerate, writeGenerate } from "./command.js";
import { byId, h, icon } from "./dom.js";
import { bytes } from "./format.js";

export class Composer {
  #uploads = [];
  #making = false;
  #sendWhenReady = false;

  constructor(config, { onsend, say }) {
    Object.assign(this, { config, onsend, say });
    this.form = byId("composer");
    this.field = byId("question");
    this.button = byId("send");
    this.list = byId("files");
    this.#listen();
    this.#refresh();
  }

  focus() {
    this.field.focus();
  }

  /** Fill the field with a question, or with the words and options of a video, for the person to change and send. */
  fill(text, command = null) {
    this.make(Boolean(command));
    this.field.value = text;
    if (command) this.#fillOptions(command);
    this.#refresh();
    this.focus();
    this.field.setSelectionRange(text.length, text.length);
  }

  attach(files) {
    const room = this.config.max_uploads - this.#uploads.length;
    if (files.length > room) this.say(`I take up to ${this.config.max_uploads} files with one question.`);
    for (const file of [...files].slice(0, Math.max(room, 0))) this.#add(file);
    this.make(false);
    this.focus();
  }

  /** Words for a question, or words for a video. */
  make(on) {
    this.#making = on;
    byId("options").hidden = !on;
    byId("make").setAttribute("aria-pressed", String(on));
    this.form.classList.toggle("making", on);
    this.field.placeholder = on ? "Describe the video …" : "Ask about a clip …";
    this.field.setAttribute("aria-label", on ? "What the video should show" : "Your question");
    this.#refresh();
  }

  pick() {
    byId("picker").click();
  }

  #listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.form.addEventListener("keydown", (event) => {
      const plain = event.key === "Enter" && !event.shiftKey && !event.isComposing;
      if (plain && event.target.matches("textarea, input")) {
        event.preventDefault();
        this.#submit();
      }
    });
    this.field.addEventListener("input", () => this.#refresh());
    this.field.addEventListener("paste", (event) => {
      const files = [...event.clipboardData.files];
      if (!files.length) return;
      event.preventDefault();
      this.attach(files);
    });
    byId("attach").addEventListener("click", () => this.pick());
    byId("make").addEventListener("click", () => {
      this.make(!this.#making);
      this.focus();
    });
    byId("picker").addEventListener("change", (event) => {
      if (event.target.files.length) this.attach(event.target.files);
      event.target.value = "";
    });
  }

  #add(file) {
    const item = { file, url: URL.createObjectURL(file), element: h("li.file") };
    item.upload = new Upload(file, this.config.max_upload_bytes, () => this.#draw(item));
    this.#uploads.push(item);
    this.list.append(item.element);
    this.#build(item);
    this.#draw(item);
  }

  #build(item) {
    const preview = item.file.type.startsWith("image/") ? h("img", { src: item.url, alt: "" })
      : item.file.type.startsWith("video/") ? h("video", { src: `${item.url}#t=0.1`, muted: true, preload: "metadata", playsinline: "", tabindex: "-1" })
        : icon("film");
    item.note = h("small", {});
    item.bar = h("span.file-bar", { "aria-hidden": "true" }, h("i"));
    item.retry = h("button.quiet.icon-only", { type: "button", "aria-label": `Try ${item.upload.name} again`, onclick: () => item.upload.start() }, icon("again"));
    const remove = h("button.quiet.icon-only", { type: "button", "aria-label": `Remove ${item.upload.name}`, onclick: () => this.#remove(item) }, icon("x"));
    item.element.append(h("span.thumb", {}, preview), h("span.file-words", {}, h("b", {}, item.upload.name), item.note), item.retry, remove, item.bar);
  }

  #draw(item) {
    const { state, progress, error, size } = item.upload;
    item.element.dataset.state = state;
    item.note.textContent = state === "failed" ? error : state === "done" ? bytes(size) : `${bytes(size)} · ${Math.floor(progress * 100)} %`;
    item.bar.firstElementChild.style.setProperty("width", `${progress * 100}%`);
    item.retry.hidden = state !== "failed" || size === 0 || size > this.config.max_upload_bytes;
    this.#refresh();
    if (this.#sendWhenReady && this.#uploads.every((one) => one.upload.state === "done")) this.#submit();
  }

  #remove(item) {
    item.upload.remove();
    URL.revokeObjectURL(item.url);
    this.#drop(item);
    this.focus();
  }

  #drop(item) {
    item.element.remove();
    this.#uploads = this.#uploads.filter((one) => one !== item);
    this.#refresh();
  }

  #refresh() {
    if (!this.#making && isGenerate(this.field.value)) return this.make(true);
    this.list.hidden = !this.#uploads.length;
    const waits = this.#uploads.some((item) => item.upload.state === "uploading");
    if (!waits) this.#sendWhenReady &&= this.#uploads.length > 0;
    this.button.classList.toggle("waits", this.#sendWhenReady);
    this.button.setAttribute("aria-label", this.#sendWhenReady ? "Sends when the upload is done" : "Send");
    this.button.disabled = !this.field.value.trim() && (this.#making || !this.#uploads.length);
    this.field.style.setProperty("height", "auto");
    this.field.style.setProperty("height", `${this.field.scrollHeight}px`);
    return undefined;
  }

  #submit() {
    const text = this.field.value.trim();
    if (this.button.disabled) return;
    if (text.length > this.config.max_text) {
      this.say(`That is ${text.length} characters long; I take up to ${this.config.max_text}. Shorten it a little.`);
      return;
    }
    if (this.#making) this.#submitVideo(text);
    else this.#submitQuestion(text);
  }

  #submitVideo(text) {
    const typed = parseGenerate(isGenerate(text) ? text : `/generate ${text}`);
    if (typed.problem) return this.say(typed.problem);
    const command = { ...this.#options(), ...typed };
    this.#clear();
    return this.onsend({ kind: "generate", command, text: writeGenerate(command), files: [] });
  }

  #submitQuestion(text) {
    const failed = this.#uploads.find((item) => item.upload.state === "failed");
    if (failed) return this.say(`${failed.upload.name} is not uploaded. Try it again or remove it.`);
    if (this.#uploads.some((item) => item.upload.state === "uploading")) {
      this.#sendWhenReady = true;
      return this.#refresh();
    }
    const items = this.#uploads;
    const files = items.map(({ file, url, upload }) => ({ file, url, name: upload.name, type: file.type, id: upload.id }));
    for (const item of items) this.#drop(item);
    this.#clear();
    return this.onsend({ kind: "ask", text, files });
  }

  #clear() {
    this.#sendWhenReady = false;
    this.field.value = "";
    this.#fillOptions({});
    this.make(false);
    this.focus();
  }

  #options() {
    const [width, height] = byId("size").value.split("x").map(Number);
    const found = { avoid: byId("avoid").value.trim() || undefined };
    if (byId("seconds").value) found.seconds = Number(byId("seconds").value);
    if (width && height) Object.assign(found, { width, height });
    if (byId("seed").value) found.seed = Number(byId("seed").value);
    return found;
  }

  #fillOptions({ seconds = "", width, height, seed = "", avoid = "" }) {
    const size = byId("size");
    const value = width && height ? `${width}x${height}` : "";
    if (![...size.options].some((option) => option.value === value)) size.append(h("option", { value }, `${width} × ${height}`));
    size.value = value;
    byId("seconds").value = seconds ?? "";
    byId("seed").value = seed ?? "";
    byId("avoid").value = avoid ?? "";
  }
}
