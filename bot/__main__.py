"""`python -m bot` is the same as the console command `gpt4video`."""

from bot.cli import main

main()
