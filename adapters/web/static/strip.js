// The frames that the model looked at, as a strip; one opens larger in the lightbox.

import { byId, h, icon } from "./dom.js";
import { clock } from "./format.js";

export class Strip {
  #key = "";

  constructor() {
    this.element = h("div.strip", { hidden: true });
  }

  /** Grey places for the frames to come, so that nothing moves when they arrive. */
  expect() {
    if (this.#key) return;
    this.#key = "expected";
    this.element.hidden = false;
    this.element.replaceChildren(h("div.frames", { "aria-hidden": "true" }, ...Array.from({ length: 8 }, () => h("span.frame.blank"))));
  }

  set(stills, names, final) {
    if (!stills.length) {
      if (final && this.#key === "expected") this.element.hidden = true;
      return;
    }
    const key = stills.map((still) => still.url).join(" ");
    if (key === this.#key) return;
    this.#key = key;
    const several = new Set(stills.map((still) => still.clip)).size > 1;
    this.element.hidden = false;
    this.element.replaceChildren(h("ul.frames", { "aria-label": "Frames that were looked at" },
      ...stills.map((still, index) => h("li", {}, frame(still, several ? names[still.clip] : "", () => openLightbox(stills, index, names))))));
  }
}

function frame(still, name, onclick) {
  const label = `Frame at ${clock(still.time_s)}${name ? ` of ${name}` : ""}, open larger`;
  return h("button.frame", { type: "button", "aria-label": label, title: name || null, onclick },
    h("img", { src: still.url, alt: "", decoding: "async" }), h("span.num", {}, clock(still.time_s)));
}

function openLightbox(stills, start, names) {
  const box = byId("lightbox");
  const image = box.querySelector("img");
  const time = box.querySelector(".lightbox-time");
  let index = start;
  const show = () => {
    const still = stills[index];
    image.src = still.url;
    image.alt = `Frame at ${clock(still.time_s)}`;
    time.textContent = `${clock(still.time_s)} · ${index + 1} of ${stills.length}${names[still.clip] ? ` · ${names[still.clip]}` : ""}`;
    box.querySelector('[data-step="-1"]').disabled = index === 0;
    box.querySelector('[data-step="1"]').disabled = index === stills.length - 1;
  };
  const step = (by) => {
    index = Math.min(stills.length - 1, Math.max(0, index + by));
    show();
  };
  box.onkeydown = (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  };
  box.onclick = (event) => {
    const button = event.target.closest("button");
    if (event.target === box || button?.hasAttribute("data-close")) box.close();
    else if (button?.dataset.step) step(Number(button.dataset.step));
  };
  show();
  box.showModal();
}

/** What was posted, as it looks here: the clip itself while this window has it, else its name. */
export function clipCard(name, file) {
  const caption = h("span.clip-name", {}, name);
  if (file?.url && file.type.startsWith("video/")) {
    const video = h("video", { src: file.url, controls: true, muted: true, preload: "metadata", playsinline: "", "aria-label": name });
    video.addEventListener("error", () => video.remove());
    return h("figure.clip", {}, video, caption);
  }
  if (file?.url && file.type.startsWith("image/")) {
    const image = h("img", { src: file.url, alt: name });
    image.addEventListener("error", () => image.remove());
    return h("figure.clip", {}, image, caption);
  }
  return h("figure.clip.bare", {}, icon("film"), caption);
}
