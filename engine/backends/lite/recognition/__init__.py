"""What small learned models recognise in a clip: everyday things, people, speech and music. It writes no sentences."""
