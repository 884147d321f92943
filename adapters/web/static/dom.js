// Builds elements without ever parsing markup: text stays text.

const SVG = "http://www.w3.org/2000/svg";

const SHAPES = {
  again: ["M4.5 12a7.5 7.5 0 0 1 13.2-4.900L20 9.5", "M20 4.500v5h-5", "M19.5 12a7.5 7.5 0 0 1-13.2 4.900L4 14.5", "M4 19.500v-5h5"],
  alert: ["M12 4.5 21 19.500H3z", "M12 10.500v4", "M12 17v.2"],
  attach: ["M20 11.3 11.7 19.600a5 5 0 0 1-7.1-7.100L13 4.200a3.4 3.4 0 0 1 4.8 4.800l-8.3 8.200a1.7 1.7 0 0 1-2.4-2.400l7.5-7.5"],
  chat: ["M6 5h12a2.5 2.5 0 0 1 2.5 2.500v7A2.5 2.5 0 0 1 18 17h-5.500L8 20.500V17H6a2.5 2.5 0 0 1-2.5-2.500v-7A2.5 2.5 0 0 1 6 5z"],
  check: ["m5 12.5 4.5 4.500L19 7"],
  clock: ["M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z", "M12 8v4.500l3 1.8"],
  down: ["m6 9.5 6 6 6-6"],
  download: ["M12 4v11", "m7 10.5 5 5 5-5", "M5 20h14"],
  film: ["M5.5 5h13A2.5 2.5 0 0 1 21 7.500v9a2.5 2.5 0 0 1-2.5 2.500h-13A2.5 2.5 0 0 1 3 16.500v-9A2.5 2.5 0 0 1 5.5 5z", "m10.3 9 5 3-5 3z"],
  leave: ["M13 4.500H6.500A2 2 0 0 0 4.5 6.500v11a2 2 0 0 0 2 2H13", "M10 12h10", "m16.5 8 4 4-4 4"],
  left: ["m14.5 6-6 6 6 6"],
  pencil: ["m4 20 1-4.200L16 4.800a2 2 0 0 1 3 0l.2.2a2 2 0 0 1 0 3L8.2 19z"],
  picture: ["M5.5 4.500h13A2 2 0 0 1 20.5 6.500v11a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2v-11a2 2 0 0 1 2-2z", "m4 17 5-5 4 4 3-3 4.5 4.5", "M15.5 8.700v.1"],
  plus: ["M12 5v14", "M5 12h14"],
  right: ["m9.5 6 6 6-6 6"],
  send: ["M12 19V5.5", "m6 11 6-6 6 6"],
  shield: ["M12 3.5 19 6v5.200c0 4.6-3 7.7-7 9.3-4-1.6-7-4.7-7-9.300V6z"],
  stop: ["M7 7h10v10H7z"],
  trash: ["M4 7h16", "M9 7V4.500h6V7", "m6 7 1 12.500h10L18 7", "M10 11v5", "M14 11v5"],
  x: ["m6 6 12 12", "M18 6 6 18"],
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const shape of SHAPES[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", shape);
    path.setAttribute("fill", "none");
    path.setAttribute("stroke", "currentColor");
    path.setAttribute("stroke-width", "1.8");
    path.setAttribute("stroke-linecap", "round");
    path.setAttribute("stroke-linejoin", "round");
    svg.append(path);
  }
  return svg;
}

/** h("p.note", {title: "…", onclick: f}, "text", child): an element. Strings become text nodes. */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, one] of Object.entries(value)) element.style.setProperty(name, one);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Put the icons that the HTML asks for (`data-icon`) in front of their text. */
export function drawIcons(root = document) {
  for (const element of root.querySelectorAll("[data-icon]")) element.prepend(icon(element.dataset.icon));
}

export function meter(score, threshold, action) {
  const place = (value) => `${Math.min(Math.max(value, 0), 1) * 100}%`;
  return h(`span.meter.${action}`, { "aria-hidden": "true" },
    h("i", { style: { width: place(score) } }),
    threshold === null ? null : h("b", { style: { left: place(threshold) } }));
}
