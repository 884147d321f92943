// Numbers and times in words. Knows nothing of the page.

export function bytes(size) {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${Math.round(size / 1024)} KB`;
  const mega = size / (1024 * 1024);
  return `${mega < 10 ? mega.toFixed(1) : Math.round(mega)} MB`;
}

/** 7.4 → "0:07" */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** 40 → "about 40 s", 130 → "about 2 min" */
export function about(seconds) {
  if (seconds < 1) return "about 1 s";
  if (seconds < 10) return `about ${Math.round(seconds)} s`;
  if (seconds < 90) return `about ${Math.round(seconds / 5) * 5} s`;
  return `about ${Math.round(seconds / 60)} min`;
}

export function ordinal(number) {
  const tail = number % 100;
  if (tail >= 11 && tail <= 13) return `${number}th`;
  return `${number}${{ 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th"}`;
}

export const score = (number) => number.toFixed(2);

export const plural = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

export function queueLine(queue) {
  const place = queue.position <= 1 ? "Next in line" : `${ordinal(queue.position)} in line`;
  return queue.eta_s === null ? place : `${place} · ${about(queue.eta_s)}`;
}

export function barLine(bar) {
  const count = `${bar.step} of ${bar.total}${bar.label ? ` ${bar.label}` : ""}`;
  return bar.eta_s === null ? count : `${count} · ${about(bar.eta_s)} left`;
}
