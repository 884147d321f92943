"""Understanding the question: words in, intents and scopes out. Nothing here has ever seen a clip."""
