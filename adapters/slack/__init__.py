"""Slack: mentions, direct messages, commands, buttons and the App Home. Knows no policy and no model."""
