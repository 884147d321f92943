"""Reading what strangers post, in processes of its own: a posted byte meets a C library there and nowhere else.

The front (`DecodingPool`) lives in the bot's process and imports no media library; the reading end (`remote`) lives in
the inference process and sees only arrays that our own code wrote. Neither knows a model or a chat platform.
"""

from engine.decoding.payer import Payer
from engine.decoding.pool import DecodingPool
from engine.decoding.settings import DecodingSettings
from engine.decoding.wire import Decoded, Looks, Operation, Probe, Stills

__all__ = ["Decoded", "DecodingPool", "DecodingSettings", "Looks", "Operation", "Payer", "Probe", "Stills"]
