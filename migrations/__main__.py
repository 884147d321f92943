"""Writes the next migration from the difference between `bot.store.schema` and the migrations so far.

    python -m migrations "add quotas"

It compares on a throw-away SQLite database. Read the result before you commit it: CHECK constraints are not compared.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from alembic import command

from bot.store import migrate
from bot.store.database import parse_url, sqlite_engine
from bot.store.migrate import alembic_config

VERSIONS = Path(__file__).parent / "versions"


def main(argv: Sequence[str] | None = None, *, folder: Path | None = None) -> int:
    """Write the file into `folder`, by default `migrations/versions`. Returns the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1:
        sys.stderr.write('Say in a few words what changes: python -m migrations "add quotas"\n')
        return 2
    config = alembic_config()
    if folder is not None:
        config.set_main_option("version_locations", f"{VERSIONS}\n{folder}")
        config.set_main_option("path_separator", "newline")
    number = len(list(VERSIONS.glob("[0-9]*.py"))) + 1
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite:///{Path(scratch) / 'empty.db'}"
        migrate(url)
        engine = sqlite_engine(parse_url(url))
        try:
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                place = str(folder or VERSIONS)
                command.revision(config, arguments[0], autogenerate=True, rev_id=f"{number:04}", version_path=place)
        finally:
            engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
