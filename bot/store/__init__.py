"""What outlives the process: requests, conversations, choices, usage, cases and the audit, in SQLite or Postgres.

`Store` is the whole interface. The room knows no platform, no model and no policy.
"""

from bot.store.errors import (
    AnotherBot,
    RecordRefused,
    RequestGone,
    SchemaOutdated,
    SchemaTooNew,
    StorageFull,
    StoreClosed,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from bot.store.lock import Lock, lock_of
from bot.store.migrate import migrate
from bot.store.patience import Patience, impatient, patient
from bot.store.records import (
    AuditRow,
    CaseRow,
    Ceiling,
    Forgotten,
    InstallationRow,
    Kept,
    NewCase,
    NewDecision,
    NewRequest,
    NewTurn,
    NewUsage,
    Overdrawn,
    QuotaRow,
    Request,
    RequestState,
    RuleRow,
    StoredClip,
    StoredTurn,
    UsageRow,
)
from bot.store.store import Store, utcnow

__all__ = [
    "AnotherBot",
    "AuditRow",
    "CaseRow",
    "Ceiling",
    "Forgotten",
    "InstallationRow",
    "Kept",
    "Lock",
    "NewCase",
    "NewDecision",
    "NewRequest",
    "NewTurn",
    "NewUsage",
    "Overdrawn",
    "Patience",
    "QuotaRow",
    "RecordRefused",
    "Request",
    "RequestGone",
    "RequestState",
    "RuleRow",
    "SchemaOutdated",
    "SchemaTooNew",
    "StorageFull",
    "Store",
    "StoreClosed",
    "StoreError",
    "StoreRefused",
    "StoreUnavailable",
    "StoredClip",
    "StoredTurn",
    "UsageRow",
    "impatient",
    "lock_of",
    "migrate",
    "patient",
    "utcnow",
]
