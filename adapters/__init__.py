"""The platforms: each turns its own messages into the neutral types of `adapters.base` and draws the answers."""
