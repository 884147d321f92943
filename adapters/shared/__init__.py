"""What the chat platforms have in common: what a view offers, how often a message may change, and in which words.

Knows the neutral types and no platform: whatever is written differently from one to the next comes in as a `Dialect`.
"""
