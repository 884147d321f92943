"""Video in and video out: reads whatever people post, safely, and writes MP4s that play everywhere.

It knows no model, no chat platform and no policy. Only the inference process imports it (it needs FFmpeg and numpy).
"""

from engine.media._reader import ClipReader, Glimpse, SampledFrame, open_clip, probe
from engine.media._sound import Sound
from engine.media._stills import write_stills
from engine.media._transcode import transcode
from engine.media._writer import VideoWriter

__all__ = [
    "ClipReader",
    "Glimpse",
    "SampledFrame",
    "Sound",
    "VideoWriter",
    "open_clip",
    "probe",
    "transcode",
    "write_stills",
]
