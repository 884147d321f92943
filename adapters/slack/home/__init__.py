"""The bot's Home on Slack: everybody's own page, and for admins what they decide. Renders the desk, decides nothing."""
