// The websocket to the server: opens it again when it breaks, later and later. Knows nothing of what is said on it.

import { toLogin } from "./api.js";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 8000;

export class Connection extends EventTarget {
  #socket = null;
  #tries = 0;
  #timer = 0;

  constructor(path) {
    super();
    this.url = new URL(path, location.href.replace(/^http/, "ws"));
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.retry());
  }

  get open() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#tries = 0;
      this.#tell("open");
    };
    socket.onmessage = (event) => this.#tell("message", JSON.parse(event.data));
    socket.onclose = () => this.#lost(socket);
  }

  /** Try now if nothing is open or on its way. */
  retry() {
    if (this.#timer) this.connect();
  }

  send(message) {
    if (this.open) this.#socket.send(JSON.stringify(message));
  }

  #lost(socket) {
    if (socket !== this.#socket) return;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#tries) * (0.8 + Math.random() * 0.4);
    this.#tries += 1;
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#tell("lost", { wait });
    // A refused handshake looks like a broken network; ask plainly whether the session is over.
    if (this.#tries > 1) fetch("/api/config").then((answer) => answer.status === 401 && toLogin(), () => {});
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
