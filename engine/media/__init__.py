"""Video in and video out: reads whatever people post, safely, and writes MP4s that play everywhere.

It knows no model, no chat platform and no policy. Only the decoding processes
and the inference process import it (it needs FFmpeg and numpy), and the latter reads nothing with it that was posted.
"""

from engine.media._opening import open_clip
from engine.media._reader import ClipReader, Glimpse, SampledFrame, probe, read_clip
from engine.media._sound import Sound
from engine.media._stills import jpeg, write_stills
from engine.media._transcode import transcode
from engine.media._writer import VideoWriter

__all__ = [
    "ClipReader",
    "Glimpse",
    "SampledFrame",
    "Sound",
    "VideoWriter",
    "jpeg",
    "open_clip",
    "probe",
    "read_clip",
    "transcode",
    "write_stills",
]
