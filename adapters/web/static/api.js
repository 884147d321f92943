// Calls to the server. An answer that is not good becomes an Error whose message is a sentence for people.

export function toLogin() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}

export async function api(path, { method = "GET", body } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("The server does not answer. Check that it runs, then try again.");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (answer.error?.code === "no_session") toLogin();
  throw new Error(answer.error?.message ?? "That did not work. Try again in a moment.");
}

/** A file on its way to the server. `onchange` is called whenever progress, state or error changed. */
export class Upload {
  constructor(file, maxBytes, onchange = () => {}) {
    this.file = file;
    this.name = file.name || "pasted file";
    this.size = file.size;
    this.onchange = onchange;
    this.maxBytes = maxBytes;
    this.start();
  }

  start() {
    Object.assign(this, { progress: 0, state: "uploading", error: "", id: "" });
    this.finished = new Promise((resolve) => { this.settle = resolve; });
    const cap = Math.round((this.maxBytes / 1024 / 1024) * 100) / 100;
    if (this.size === 0) return this.fail("That file is empty. Choose another one.");
    if (this.size > this.maxBytes) return this.fail(`That file is too large: I take up to ${cap} MB. Trim it or make it smaller.`);
    const request = new XMLHttpRequest();
    this.request = request;
    request.open("POST", "/api/uploads");
    request.responseType = "json";
    request.setRequestHeader("X-File-Name", encodeURIComponent(this.name));
    request.setRequestHeader("Content-Type", this.file.type || "application/octet-stream");
    request.upload.onprogress = (event) => this.change({ progress: event.loaded / (event.total || this.size) });
    request.onload = () => {
      if (request.status === 201) return this.done(request.response.id);
      if (request.status === 401) toLogin();
      return this.fail(request.response?.error?.message ?? "The upload did not work. Try again.");
    };
    request.onerror = () => this.fail("The upload was cut off. Try again.");
    request.send(this.file);
    return undefined;
  }

  done(id) {
    this.change({ state: "done", progress: 1, id });
    this.settle();
  }

  fail(error) {
    this.change({ state: "failed", error });
    this.settle();
  }

  change(values) {
    Object.assign(this, values);
    queueMicrotask(() => this.onchange(this));
  }

  /** Stop, and drop what the server has of it. */
  remove() {
    this.request?.abort();
    if (this.id) api(`/api/uploads/${this.id}`, { method: "DELETE" }).catch(() => {});
    this.settle();
  }
}
