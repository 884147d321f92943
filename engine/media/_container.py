"""Opens a container through FFmpeg so that nothing else can be reached from it, and turns FFmpeg's errors into ours.

FFmpeg gets a file object, never a name: no protocol, playlist or reference can lead it anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import av
from av.container import InputContainer

from engine.media import _words
from engine.media._guard import Guard, GuardedFile
from engine.media._sniff import Format

_READ_BYTES = 64 * 1024
_MAX_STREAMS = 64
DECODERS = (
    "h264,hevc,libdav1d,av1,vp8,vp9,libvpx-vp9,libvpx,mpeg4,msmpeg4,msmpeg4v2,msmpeg4v1,mpeg2video,mpeg1video,mjpeg,"
    "mjpegb,h263,h263i,flv,flv1,vp6,vp6f,vp6a,theora,gif,apng,png,prores,dnxhd,ffv1,rawvideo,qtrle,rpza,cinepak,svq1,"
    "svq3,huffyuv,ffvhuff,utvideo,wmv1,wmv2,wmv3,vc1,dvvideo,webp,"
    "aac,aac_latm,mp3float,mp3,mp2float,mp2,ac3,eac3,opus,libopus,vorbis,flac,alac,wmav1,wmav2,amrnb,amrwb,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_u8,pcm_s8,pcm_alaw,pcm_mulaw,"
    "adpcm_ms,adpcm_ima_wav,adpcm_ima_qt"
)


def _refuse_io(url: str, flags: int, options: dict[str, str]) -> Any:
    raise OSError("a clip may not open other files")


@contextmanager
def translated(guard: Guard) -> Iterator[None]:
    """Turn what FFmpeg and PyAV raise into the typed errors, and the guard's failure into itself."""
    try:
        yield
    except (
        av.FFmpegError,
        ValueError,
        TypeError,
        IndexError,
        ArithmeticError,
        MemoryError,
        OSError,
        RuntimeError,
    ) as error:
        guard.raise_failure()
        if isinstance(error, av.error.DecoderNotFoundError):
            raise _words.unsupported("that kind of video") from error
        raise _words.damaged() from error
    guard.raise_failure()


def open_container(file: BinaryIO, form: Format, guard: Guard) -> InputContainer:
    """Open `file` with the one demuxer that `form` names, decoders held to the allow-list and to the pixel cap."""
    file.seek(0)
    options = {
        "max_pixels": str(guard.limits.max_pixels),
        "codec_whitelist": DECODERS,
        "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2" if form.demuxer == "mov" else form.demuxer,
        "protocol_whitelist": "none",
        "max_streams": str(_MAX_STREAMS),
    }
    with translated(guard):
        return av.open(
            GuardedFile(file, guard),
            "r",
            format=form.demuxer,
            options=options,
            buffer_size=_READ_BYTES,
            metadata_errors="replace",
            io_open=_refuse_io,
        )
