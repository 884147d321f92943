"""The audit also takes verdicts about what is said in a clip."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE = ("", "question", "clip", "answer", "prompt", "video")
AFTER = ("", "question", "clip", "speech", "answer", "prompt", "video")


def upgrade() -> None:
    _allow(AFTER)


def downgrade() -> None:
    # An earlier version knows what is said only as a part of its clip.
    op.execute("UPDATE audit SET check_point = 'clip' WHERE check_point = 'speech'")
    _allow(BEFORE)


def _allow(points: Sequence[str]) -> None:
    named = ", ".join(f"'{point}'" for point in points)
    with op.batch_alter_table("audit") as audit:
        audit.drop_constraint(op.f("ck_audit_check_point"), type_="check")
        audit.create_check_constraint(op.f("ck_audit_check_point"), f"check_point IN ({named})")
    if op.get_bind().dialect.name == "sqlite":
        _make_latest("ix_audit_changes", ["platform", "community", "id"], where="kind = 'change'")


def _make_latest(index: str, columns: list[str], where: str) -> None:
    """SQLite copied the table, and its indexes in any order; of two that serve a query alike it takes the latest."""
    op.drop_index(op.f(index), table_name="audit")
    op.create_index(op.f(index), "audit", columns, unique=False, sqlite_where=sa.text(where))
