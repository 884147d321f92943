// A made video in its place: sized before it is loaded, with download, another seed, and a variation.

import { h, icon } from "./dom.js";

export class Videos {
  #key = "";

  constructor(actions) {
    this.actions = actions;
    this.element = h("div.videos", { hidden: true });
  }

  set(videos) {
    const key = videos.map((video) => video.url).join(" ");
    if (key === this.#key) return;
    this.#key = key;
    this.element.hidden = !videos.length;
    this.element.replaceChildren(...videos.map((video) => this.#figure(video)));
  }

  #figure(video) {
    const player = h("video", {
      src: video.url, width: String(video.width), height: String(video.height), controls: true, playsinline: "", loop: true,
      preload: "metadata", "aria-label": `Made video: ${video.prompt}`, style: { "--ratio": `${video.width} / ${video.height}`, "--shape": String(video.width / video.height) },
    });
    const gone = h("p.gone", { hidden: true }, "This video is no longer on the server.");
    player.addEventListener("error", () => {
      gone.hidden = false;
      player.hidden = true;
    });
    return h("figure.video", {}, player, gone, h("figcaption", {},
      h("span.prompt", {}, video.prompt),
      h("span.actions", {},
        h("a.quiet", { href: video.url, download: fileName(video), "aria-label": "Download the video" }, icon("download"), "Download"),
        h("button.quiet", { type: "button", title: "The same words with another seed", onclick: () => this.actions.again(video) }, icon("again"), "Again"),
        h("button.quiet", { type: "button", title: "Change the words", onclick: () => this.actions.vary(video) }, icon("pencil"), "Vary"))));
  }
}

function fileName({ prompt, seed }) {
  const words = prompt.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 48);
  return `${words || "video"}-${seed}.mp4`;
}
