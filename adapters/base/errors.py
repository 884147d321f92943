"""What goes wrong between a platform and the application; every message is a sentence for somebody."""

from __future__ import annotations


class AdapterError(Exception):
    """A platform cannot be served: a taken port, a refused token. The message is a sentence for the operator."""


class AttachmentError(Exception):
    """A posted file could not be fetched. The message is a sentence for its author."""


class DeliveryError(Exception):
    """A final view did not reach its place. It is worth another try later, unless it is `Undeliverable`."""


class Undeliverable(DeliveryError):
    """A final view will never reach its place: the platform refused it for good, or the place is gone."""


class Refusal(Exception):
    """The application says no. The message is a sentence for the one who acted: why, and what to do next."""
