// Which conversation this window shows, and what it still has to send. Both survive a reload.

const KEY = "gpt4video.conversation";
const PATTERN = /^[A-Za-z0-9_-]{16,64}$/;

export function newId() {
  const random = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...random)).replaceAll("+", "-").replaceAll("/", "_");
}

/** The address names it, so that Back returns to an earlier conversation; else the last one; else a new one. */
export function conversationId() {
  const named = location.hash.slice(1);
  const found = [named, read(localStorage, KEY)].find((id) => PATTERN.test(id ?? "")) ?? newId();
  write(localStorage, KEY, found);
  if (named !== found) history.replaceState(null, "", `#${found}`);
  return found;
}

export const lastConversation = () => {
  const id = read(localStorage, KEY) ?? "";
  return PATTERN.test(id) ? id : "";
};

export const turnTo = (id) => history.pushState(null, "", `#${id}`);

/** Messages that the server has not accepted yet, oldest first. */
export class Outbox {
  #messages;

  constructor(conversation) {
    this.key = `gpt4video.outbox.${conversation}`;
    try {
      this.#messages = new Map(JSON.parse(read(sessionStorage, this.key) ?? "[]"));
    } catch {
      this.#messages = new Map();
    }
  }

  entries() {
    return [...this.#messages];
  }

  put(id, message) {
    this.#messages.set(id, message);
    this.#save();
  }

  remove(id) {
    if (this.#messages.delete(id)) this.#save();
  }

  #save() {
    write(sessionStorage, this.key, JSON.stringify(this.entries()));
  }
}

// A browser may refuse storage; the page then works for as long as it is open.
function read(storage, key) {
  try {
    return storage.getItem(key);
  } catch {
    return null;
  }
}

function write(storage, key, value) {
  try {
    storage.setItem(key, value);
  } catch { /* see above */ }
}
