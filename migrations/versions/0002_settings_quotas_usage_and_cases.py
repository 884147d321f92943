"""What admins choose, what people have used, what moderators rule on; and the indexes to forget and to prune by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# On the tables of 0001. Each: name, table, columns, and the condition of a partial index.
_INDEXES = (
    ("ix_audit_at", "audit", ["at"], ""),
    ("ix_audit_author_platform_community_id", "audit", ["author", "platform", "community", "id"], ""),
    ("ix_audit_changes", "audit", ["platform", "community", "id"], "kind = 'change'"),
    ("ix_audit_quoted", "audit", ["request"], "excerpt != ''"),
    ("ix_conversations_platform_community", "conversations", ["platform", "community"], ""),
    ("ix_events_seen_seen_at", "events_seen", ["seen_at"], ""),
    ("ix_requests_author_id_platform_seq", "requests", ["author_id", "platform", "seq"], ""),
    ("ix_requests_ended", "requests", ["community", "platform", "finished_at"], "finished_at IS NOT NULL"),
)


def upgrade() -> None:
    op.create_table(
        "settings",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("platform", "community", "name", name=op.f("pk_settings")),
    )
    op.create_table(
        "quotas",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("measure IN ('asks', 'videos', 'gpu_seconds')", name=op.f("ck_quotas_measure")),
        sa.CheckConstraint("period IN ('hour', 'day')", name=op.f("ck_quotas_period")),
        sa.CheckConstraint("amount >= 0 AND amount <= 1e9", name=op.f("ck_quotas_amount")),
        sa.PrimaryKeyConstraint("platform", "community", "subject", "measure", "period", name=op.f("pk_quotas")),
    )
    op.create_table(
        "usage",
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gpu_seconds", sa.Double(), nullable=False),
        sa.CheckConstraint("measure IN ('asks', 'videos')", name=op.f("ck_usage_measure")),
        sa.CheckConstraint("gpu_seconds >= 0 AND gpu_seconds <= 1e9", name=op.f("ck_usage_gpu_seconds")),
        sa.PrimaryKeyConstraint("request", "measure", name=op.f("pk_usage")),
    )
    op.create_index(
        op.f("ix_usage_platform_community_author_at"), "usage", ["platform", "community", "author", "at"], unique=False
    )
    op.create_index(op.f("ix_usage_at"), "usage", ["at"], unique=False)
    _create_cases()
    for name, table, columns, where in _INDEXES:
        _create_index(name, table, columns, where)


def _create_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("asker_id", sa.Text(), nullable=False),
        sa.Column("asker_name", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('appeal', 'report')", name=op.f("ck_cases_kind")),
        sa.CheckConstraint(
            "state = 'open' OR (kind = 'appeal' AND state IN ('upheld', 'overturned'))"
            " OR (kind = 'report' AND state IN ('removed', 'kept'))",
            name=op.f("ck_cases_state"),
        ),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_cases_decided_iff_closed")),
        sa.ForeignKeyConstraint(
            ["request"], ["requests.id"], name=op.f("fk_cases_request_requests"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_cases")),
        sa.UniqueConstraint("id", name=op.f("uq_cases_id")),
        sa.UniqueConstraint("request", "kind", "author_id", name=op.f("uq_cases_request_kind_author_id")),
    )
    _create_index("ix_cases_community_platform_seq", "cases", ["community", "platform", "seq"], "")
    _create_index("ix_cases_author_id_platform", "cases", ["author_id", "platform"], "")
    _create_index("ix_cases_open", "cases", ["community", "platform", "seq"], "decided_at IS NULL")
    _create_index("ix_cases_without_card", "cases", ["seq"], "decided_at IS NULL AND ref = ''")
    _create_index("ix_cases_unsettled", "cases", ["seq"], "decided_at IS NOT NULL AND outcome = ''")


def _create_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where) if where else None
    op.create_index(op.f(name), table, columns, unique=False, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(op.f(name), table_name=table)
    for table in ("cases", "usage", "quotas", "settings"):  # each takes its indexes with it
        op.drop_table(table)
