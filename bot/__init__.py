"""The application: conversation, policy, persistence, wiring and the command line. The only room that knows both others."""
