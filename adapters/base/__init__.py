"""The neutral chat types. Adapters turn their platform into these and render these natively.

An adapter knows no policy and no model. What it may ask of the application is written down here as three protocols,
`Handler` (what everyone may do), `AdminDesk` (what admins and moderators may do) and `ModelDesk` (what whoever runs the
bot may do); `bot` implements them.
"""

from adapters.base.accounts import Holdings, Measure, Usage, Window
from adapters.base.admin import (
    AGE_RESTRICTED,
    AdminDesk,
    Audience,
    AuditEntry,
    AuditQuery,
    Quota,
    Rooms,
    Rule,
    Scope,
    Settings,
    Trial,
    WhatIf,
)
from adapters.base.asking import (
    EVERY_THREAD,
    Attachment,
    Author,
    Change,
    GenerateCommand,
    Message,
    ModelOption,
    Place,
    Quoted,
    RemakeCommand,
    Wants,
)
from adapters.base.cases import Case, CaseKind, CaseState
from adapters.base.errors import AdapterError, AttachmentError, DeliveryError, Refusal, Undeliverable
from adapters.base.models import ModelChange, ModelDesk, ModelsNow, ModelsOffer
from adapters.base.ports import Adapter, Handler
from adapters.base.views import Bar, Chip, Exchange, MadeVideo, QueueSpot, Reply, State, Still, View

__all__ = [
    "AGE_RESTRICTED",
    "EVERY_THREAD",
    "Adapter",
    "AdapterError",
    "AdminDesk",
    "Attachment",
    "AttachmentError",
    "Audience",
    "AuditEntry",
    "AuditQuery",
    "Author",
    "Bar",
    "Case",
    "CaseKind",
    "CaseState",
    "Change",
    "Chip",
    "DeliveryError",
    "Exchange",
    "GenerateCommand",
    "Handler",
    "Holdings",
    "MadeVideo",
    "Measure",
    "Message",
    "ModelChange",
    "ModelDesk",
    "ModelOption",
    "ModelsNow",
    "ModelsOffer",
    "Place",
    "QueueSpot",
    "Quota",
    "Quoted",
    "Refusal",
    "RemakeCommand",
    "Reply",
    "Rooms",
    "Rule",
    "Scope",
    "Settings",
    "State",
    "Still",
    "Trial",
    "Undeliverable",
    "Usage",
    "View",
    "Wants",
    "WhatIf",
    "Window",
]
