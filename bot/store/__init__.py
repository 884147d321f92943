"""What outlives the process: requests, conversations, rules and the audit, in SQLite or Postgres.

`Store` is the whole interface. The room knows no platform, no model and no policy.
"""

from bot.store.errors import RecordRefused, SchemaOutdated, SchemaTooNew, StorageFull, StoreError, StoreUnavailable
from bot.store.migrate import migrate
from bot.store.records import (
    AuditRow,
    NewDecision,
    NewRequest,
    NewTurn,
    Request,
    RequestState,
    RuleRow,
    StoredClip,
    StoredTurn,
)
from bot.store.store import Store, utcnow

__all__ = [
    "AuditRow",
    "NewDecision",
    "NewRequest",
    "NewTurn",
    "RecordRefused",
    "Request",
    "RequestState",
    "RuleRow",
    "SchemaOutdated",
    "SchemaTooNew",
    "StorageFull",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "StoredClip",
    "StoredTurn",
    "migrate",
    "utcnow",
]
