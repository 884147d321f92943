"""The configuration: one file, overridden by the environment, checked as a whole before anything starts."""

from bot.config.errors import ConfigError, Problem
from bot.config.load import load_config
from bot.config.model import Config

__all__ = ["Config", "ConfigError", "Problem", "load_config"]
