"""The first tables: requests and their conversations, deliveries, policies, the audit, and the events already seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("check_point", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("time_s", sa.Double(), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("guard", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.CheckConstraint("action IN ('', 'allow', 'warn', 'block')", name=op.f("ck_audit_action")),
        sa.CheckConstraint(
            "check_point IN ('', 'question', 'clip', 'answer', 'prompt', 'video')", name=op.f("ck_audit_check_point")
        ),
        sa.CheckConstraint("kind IN ('decision', 'change')", name=op.f("ck_audit_kind")),
        sa.CheckConstraint("score >= 0 AND score <= 1", name=op.f("ck_audit_score")),
        sa.CheckConstraint("threshold >= 0 AND threshold <= 1", name=op.f("ck_audit_threshold")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_action_id"), "audit", ["action", "id"], unique=False)
    op.create_index(op.f("ix_audit_category_id"), "audit", ["category", "id"], unique=False)
    op.create_index(op.f("ix_audit_conversation"), "audit", ["conversation"], unique=False)
    op.create_index(
        op.f("ix_audit_platform_community_channel_id"),
        "audit",
        ["platform", "community", "channel", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_audit_platform_community_id"), "audit", ["platform", "community", "id"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_conversations")),
    )
    op.create_table(
        "events_seen",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("platform", "event_id", name=op.f("pk_events_seen")),
    )
    op.create_table(
        "policies",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("action IN ('allow', 'warn', 'block')", name=op.f("ck_policies_action")),
        sa.CheckConstraint("threshold >= 0 AND threshold <= 1", name=op.f("ck_policies_threshold")),
        sa.PrimaryKeyConstraint("platform", "community", "channel", "category", name=op.f("pk_policies")),
    )
    op.create_table(
        "requests",
        sa.Column("seq", _serial(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("reply_ref", sa.Text(), nullable=False),
        sa.Column("clips", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('accepted', 'running')) = (finished_at IS NULL)", name=op.f("ck_requests_finished_iff_ended")
        ),
        sa.CheckConstraint("kind IN ('ask', 'generate')", name=op.f("ck_requests_kind")),
        sa.CheckConstraint(
            "state IN ('accepted', 'running', 'done', 'blocked', 'cancelled', 'failed')", name=op.f("ck_requests_state")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_requests_attempts")),
        sa.ForeignKeyConstraint(
            ["conversation"],
            ["conversations.key"],
            name=op.f("fk_requests_conversation_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_requests")),
        sa.UniqueConstraint("id", name=op.f("uq_requests_id")),
    )
    op.create_index(op.f("ix_requests_event_id"), "requests", ["event_id"], unique=False)
    op.create_index(op.f("ix_requests_conversation_seq"), "requests", ["conversation", "seq"], unique=False)
    op.create_index(
        "ix_requests_open",
        "requests",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "deliveries",
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("view", sa.JSON(), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["request"], ["requests.id"], name=op.f("fk_deliveries_request_requests"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["ready_at", "request"],
        unique=False,
        sqlite_where=sa.text("delivered_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "turns",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("clips", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('user', 'assistant')", name=op.f("ck_turns_role")),
        sa.ForeignKeyConstraint(
            ["request"], ["requests.id"], name=op.f("fk_turns_request_requests"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
    )
    op.create_index(op.f("ix_turns_conversation_id"), "turns", ["conversation", "id"], unique=False)
    op.create_index(op.f("ix_turns_request"), "turns", ["request"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_turns_request"), table_name="turns")
    op.drop_index(op.f("ix_turns_conversation_id"), table_name="turns")
    op.drop_table("turns")
    op.drop_index(
        "ix_deliveries_open",
        table_name="deliveries",
        sqlite_where=sa.text("delivered_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.drop_table("deliveries")
    op.drop_index(
        "ix_requests_open",
        table_name="requests",
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.drop_index(op.f("ix_requests_event_id"), table_name="requests")
    op.drop_index(op.f("ix_requests_conversation_seq"), table_name="requests")
    op.drop_table("requests")
    op.drop_table("policies")
    op.drop_table("events_seen")
    op.drop_table("conversations")
    op.drop_index(op.f("ix_audit_platform_community_id"), table_name="audit")
    op.drop_index(op.f("ix_audit_platform_community_channel_id"), table_name="audit")
    op.drop_index(op.f("ix_audit_conversation"), table_name="audit")
    op.drop_index(op.f("ix_audit_category_id"), table_name="audit")
    op.drop_index(op.f("ix_audit_action_id"), table_name="audit")
    op.drop_table("audit")
