"""Answers through a server that speaks OpenAI's chat API: vLLM, SGLang, llama.cpp, Ollama and others.

Needs neither torch nor a GPU here.
"""

from engine.backends.openai.backend import OpenAiUnderstanding

__all__ = ["OpenAiUnderstanding"]
