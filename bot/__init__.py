"""The application: conversation, policy, persistence, wiring, the command line. The one room that knows both others."""
