// The chat page: keeps the conversation, sends what was asked, and gives each view to its exchange.

import { api } from "./api.js";
import { writeGenerate } from "./command.js";
import { Composer } from "./composer.js";
import { byId, drawIcons } from "./dom.js";
import { Exchange } from "./exchange.js";
import { Models } from "./models.js";
import { Announcer, Follow, showBanner, toast, watchDrops } from "./page.js";
import { Outbox, conversationId, newId, turnTo } from "./place.js";
import { offerSignOut } from "./session.js";
import { Connection } from "./socket.js";

class Chat {
  #byRequest = new Map();
  #byMessage = new Map();
  #views = new Map();
  #ready = false; // the server has said what this conversation holds
  #shown = false; // and the page has shown it once

  constructor(config) {
    this.list = byId("exchanges");
    this.follow = new Follow(byId("latest"));
    this.announcer = new Announcer(byId("announcer"));
    this.composer = new Composer(config, { onsend: (draft) => this.send(draft), say: toast });
    this.connection = new Connection("/api/socket");
    this.actions = {
      cancel: (exchange) => this.connection.send({ type: "cancel", request: exchange.request }),
      again: (exchange, video) => this.send(this.#sameVideo(exchange, video)),
      vary: (exchange, video) => this.composer.fill(video.prompt, { ...this.#sameVideo(exchange, video).command, seed: video.seed }),
      edit: (exchange) => this.#edit(exchange),
      settle: () => this.composer.focus(),
    };
    this.#listen();
    this.#turn();
    this.connection.connect();
    this.composer.focus();
  }

  send({ kind, text, command, files = [] }) {
    const id = newId();
    const message = kind === "generate" ? { type: "generate", id, ...command }
      : { type: "ask", id, text, uploads: files.map((file) => file.id) };
    const exchange = this.#add({ id, question: { text, attachments: files.map((file) => file.name) }, files });
    this.outbox.put(id, { message, question: exchange.question });
    if (this.#ready) this.connection.send(message);
    else exchange.waiting("Waiting for the connection …");
    this.follow.toEnd();
  }

  #listen() {
    const { connection } = this;
    connection.addEventListener("open", () => connection.send({ type: "hello", conversation: this.conversation }));
    connection.addEventListener("lost", ({ detail }) => this.#lost(detail.wait));
    connection.addEventListener("message", ({ detail }) => this.#take(detail));
    byId("new").addEventListener("click", () => {
      turnTo(newId());
      this.#turn();
      this.composer.focus();
    });
    addEventListener("popstate", () => this.#turn());
    byId("forget").addEventListener("click", () => byId("confirm-forget").showModal());
    byId("confirm-forget").addEventListener("close", ({ target }) => {
      if (target.returnValue !== "forget") return;
      target.returnValue = "";
      if (this.#ready) connection.send({ type: "forget" });
      else toast("There is no connection to the server. Try again in a moment.");
    });
    for (const button of document.querySelectorAll("[data-example]")) {
      button.addEventListener("click", () => this.#example(button.dataset.example));
    }
    watchDrops(byId("drop"), (files) => this.composer.attach(files));
  }

  /** Show the conversation that the address names. */
  #turn() {
    const conversation = conversationId();
    if (conversation === this.conversation) return;
    this.conversation = conversation;
    this.outbox = new Outbox(conversation);
    this.#empty();
    this.#ready = this.#shown = false;
    if (this.connection.open) this.connection.send({ type: "hello", conversation });
  }

  #take(message) {
    const takers = {
      history: () => this.#history(message),
      accepted: () => this.#accepted(message),
      view: () => this.#view(message),
      forgotten: () => message.conversation === this.conversation && this.#forgotten(),
      error: () => this.#error(message),
    };
    takers[message.type]?.();
  }

  #history({ conversation, exchanges }) {
    if (conversation !== this.conversation) return;
    byId("banner").hidden = true;
    const kept = new Set(exchanges.map((one) => one.request));
    for (const [request, exchange] of this.#byRequest) if (!kept.has(request)) this.#drop(exchange);
    exchanges.forEach((one, index) => {
      const exchange = this.#byRequest.get(one.request) ?? this.#add({ question: one.question });
      exchange.show(one.view);
      this.#byRequest.set(one.request, exchange);
      // Only what is out of place moves: a video that moves stops playing.
      if (this.list.children[index] !== exchange.element) this.list.insertBefore(exchange.element, this.list.children[index]);
    });
    if (!this.#ready && !this.#shown) this.follow.toEnd();
    this.#ready = this.#shown = true;
    for (const [id, { message, question }] of this.outbox.entries()) {
      const exchange = this.#byMessage.get(id) ?? this.#add({ id, question });
      exchange.waiting("Sending …");
      this.connection.send(message);
    }
    this.#showEmpty();
    this.list.dataset.ready = "true";
  }

  #accepted({ conversation, id, request, question }) {
    if (conversation !== this.conversation) {
      new Outbox(conversation).remove(id);
      return;
    }
    this.outbox.remove(id);
    const mine = this.#byMessage.get(id);
    const known = this.#byRequest.get(request);
    if (known && mine && known !== mine) {
      // Sent twice because the first answer got lost: the server knew it all along.
      mine.show(known.view);
      known.element.replaceWith(mine.element);
      this.#drop(known);
    }
    const exchange = mine ?? known ?? this.#add({ id, question });
    exchange.request = request;
    exchange.element.dataset.request = request;
    this.#byRequest.set(request, exchange);
    exchange.waiting("Working …");
  }

  /** Views may come faster than the screen: only the newest of each request is drawn. */
  #view({ request, view }) {
    if (!this.#views.size) requestAnimationFrame(() => this.#draw());
    this.#views.set(request, view);
  }

  #draw() {
    const views = [...this.#views];
    this.#views.clear();
    this.follow.keep(() => {
      for (const [request, view] of views) {
        const exchange = this.#byRequest.get(request);
        if (!exchange) continue;
        exchange.show(view);
        this.announcer.follow(view);
      }
    });
  }

  #error({ id, request, message }) {
    const mine = id && this.#byMessage.get(id);
    if (mine) {
      this.outbox.remove(id);
      mine.refuse(message);
      return;
    }
    if (request) this.#byRequest.get(request)?.cancelRefused();
    if (this.#ready) toast(message);
    else showBanner(message, "Try again", () => this.connection.send({ type: "hello", conversation: this.conversation }));
  }

  #lost(wait) {
    this.#ready = false;
    const seconds = Math.max(1, Math.round(wait / 1000));
    showBanner(`No connection to the server. Trying again in ${seconds} s …`, "Try now", () => this.connection.retry());
  }

  #forgotten() {
    this.#empty();
    this.#showEmpty();
    toast("Forgotten. Nothing of this conversation is left here.");
    this.composer.focus();
  }

  #edit(exchange) {
    const { command, question, files } = exchange;
    if (command && !command.problem) this.composer.fill(command.prompt, command);
    else this.composer.fill(question.text);
    const again = files.map((one) => one.file).filter(Boolean);
    if (again.length) this.composer.attach(again);
    else if (question.attachments.length) toast(`Attach ${question.attachments.join(", ")} again before you send.`);
  }

  /** The same words and the same options, and a seed of its own. */
  #sameVideo(exchange, { prompt, seconds, width, height }) {
    const asked = exchange.command?.problem ? {} : exchange.command;
    const command = { seconds: Math.round(seconds * 10) / 10, width, height, ...asked, prompt };
    delete command.seed;
    return { kind: "generate", command, text: writeGenerate(command) };
  }

  #example(name) {
    if (name === "generate") this.composer.fill("a red ball bouncing on green grass", { seconds: 3, width: 640, height: 360 });
    if (name === "words") this.composer.fill("Show me a video of a paper boat on a calm lake");
    if (name !== "clip") return;
    this.composer.fill("What happens in this clip?");
    this.composer.pick();
  }

  #add(parts) {
    const exchange = new Exchange({ ...parts, actions: this.actions });
    if (parts.id) this.#byMessage.set(parts.id, exchange);
    this.list.append(exchange.element);
    byId("empty").hidden = true;
    return exchange;
  }

  #drop(exchange) {
    exchange.remove();
    for (const map of [this.#byRequest, this.#byMessage]) {
      for (const [key, value] of map) if (value === exchange) map.delete(key);
    }
  }

  #empty() {
    for (const exchange of new Set([...this.#byRequest.values(), ...this.#byMessage.values()])) exchange.remove();
    this.#byRequest.clear();
    this.#byMessage.clear();
    this.#views.clear();
    byId("empty").hidden = true;
  }

  #showEmpty() {
    byId("empty").hidden = this.list.childElementCount > 0;
  }
}

/** Say on the empty page which harms nobody looks for in pictures, so that nobody takes silence for safety. */
function showUnwatched(categories) {
  const line = byId("unwatched");
  line.textContent = categories.length ? `Not covered in pictures: ${categories.join(", ")}. No loaded guard looks for ${categories.length === 1 ? "it" : "these"}.` : "";
  line.hidden = !categories.length;
}

drawIcons();
try {
  const config = await api("/api/config");
  document.title = config.title;
  for (const element of document.querySelectorAll("[data-title]")) element.textContent = config.title;
  offerSignOut(config, toast);
  showUnwatched(config.unwatched);
  new Chat(config);
  if (config.models) new Models(byId("models"));
} catch (error) {
  showBanner(error.message, "Reload", () => location.reload());
}
