// Reads and writes the typed form of a video: /generate a red ball --seconds 3 --size 640x360 --seed 7 --avoid text

const FLAGS = ["seconds", "size", "seed", "avoid"];
const START = /^\/generate(?=\s|$)\s*/i;

export const isGenerate = (text) => START.test(text.trimStart());

/** {prompt, seconds?, width?, height?, seed?, avoid?} with only what was said, or {problem: sentence}. */
export function parseGenerate(text) {
  const [prompt, ...parts] = ` ${text.trimStart().replace(START, "")}`.split(/\s--(?=[a-z])/i);
  const command = { prompt: prompt.trim() };
  for (const part of parts) {
    const [, flag, value] = part.match(/^([a-z-]+)[\s=]*([\s\S]*)$/i);
    const problem = FLAGS.includes(flag) ? readFlag(command, flag, value.trim()) : `--${flag} is not an option. There are --${FLAGS.join(", --")}.`;
    if (problem) return { problem };
  }
  if (!command.prompt) return { problem: "Say what the video should show, for example: /generate a red ball bouncing on grass" };
  return command;
}

function readFlag(command, flag, value) {
  if (flag === "avoid") {
    command.avoid = value;
    return value ? "" : "--avoid needs words, for example --avoid text.";
  }
  if (flag === "size") {
    const size = value.match(/^(\d{2,4})\s*[x×]\s*(\d{2,4})$/i);
    if (!size) return "--size needs a width and a height, for example --size 640x360.";
    [command.width, command.height] = [Number(size[1]), Number(size[2])];
    return "";
  }
  if (flag === "seed") {
    if (!/^\d{1,10}$/.test(value)) return "--seed needs a whole number, for example --seed 7.";
    command.seed = Number(value);
    return "";
  }
  if (!/^\d+(\.\d+)?$/.test(value)) return "--seconds needs a number, for example --seconds 3.";
  command.seconds = Number(value);
  return "";
}

export function writeGenerate({ prompt, seconds, width, height, seed, avoid }) {
  const flags = [
    seconds && `--seconds ${seconds}`, width && height && `--size ${width}x${height}`,
    seed !== undefined && seed !== null && `--seed ${seed}`, avoid && `--avoid ${avoid}`,
  ];
  return ["/generate", prompt, ...flags.filter(Boolean)].join(" ");
}
