"""Writes made videos: H.264, yuv420p, faststart MP4. It knows no clip, no model and no budget of bytes.

PyAV and not moviepy's `FFMPEG_VideoWriter`, which does as well in speed, because that one never looks at its child's
exit code: on a full disk or in a missing folder it ends without an error and leaves half a file or none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from engine.errors import BadRequest
from engine.media._saving import replacing, storage_errors

_MAX_SIDE = 8192
_MAX_FPS = 240.0


@contextmanager
def mp4_output(part: Path) -> Iterator[OutputContainer]:
    """An MP4 being written at `part`; its index moves to the front at the end. A full disk is `StorageFull`, a want
    of memory `OutOfMemory`."""
    with storage_errors():
        container = av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"})
    try:
        yield container
    except BaseException:
        with suppress(OSError, av.FFmpegError, MemoryError):  # what went wrong first is what counts
            container.close()
        raise
    with storage_errors():
        container.close()


def h264_stream(
    container: OutputContainer, width: int, height: int, rate: Fraction, options: dict[str, str]
) -> VideoStream:
    """An H.264 stream of even size, tagged BT.709 as players assume."""
    stream = container.add_stream("libx264", rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    context: Any = stream.codec_context
    context.color_range, context.colorspace = int(ColorRange.MPEG), int(Colorspace.ITU709)
    context.color_primaries = context.color_trc = 1  # BT.709
    context.thread_count = min(2, os.cpu_count() or 1)
    return stream


def yuv420p(image: NDArray[np.uint8], width: int, height: int) -> VideoFrame:
    """A picture (H, W, 3) as a frame of the given size, converted with the matrix that the stream is tagged with."""
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    return frame.reformat(
        width, height, "yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, threads=1
    )


class VideoWriter:
    """Encodes pictures into an MP4 that appears at `path` when the block ends well, and not at all otherwise.

    Odd widths and heights lose their last column or row: yuv420p needs even sizes. Raises `BadRequest` for sizes and
    rates that cannot be encoded, `StorageFull` when there is no room and `OutOfMemory`.
    """

    def __init__(
        self, path: str | os.PathLike[str], width: int, height: int, fps: float, *, crf: int = 20, preset: str = "fast"
    ) -> None:
        if not (2 <= width <= _MAX_SIDE and 2 <= height <= _MAX_SIDE):
            raise BadRequest(f"A video of {width}×{height} pixels can't be made. Use sides between 2 and {_MAX_SIDE}.")
        if not 0 < fps <= _MAX_FPS:
            raise BadRequest(f"A video can't have {fps:g} frames a second. Use a rate up to {_MAX_FPS:g}.")
        self.path = Path(path)
        self.width, self.height = width - width % 2, height - height % 2
        self._rate = Fraction(fps).limit_denominator(1001)
        self.frames = 0
        self._taken = (height, width, 3)
        # x264's macroblock tree gives other bytes for the same pictures now and then (18 of 150 small encodes), and the
        # same seed is to make the same file. Without it files grow by up to half.
        self._options = {"crf": str(crf), "preset": preset, "x264-params": "no-mbtree=1"}
        self._resources = ExitStack()
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            part = stack.enter_context(replacing(self.path))
            self._container = stack.enter_context(mp4_output(part))
            self._stream = h264_stream(self._container, self.width, self.height, self._rate, self._options)
            self._resources = stack.pop_all()
        return self

    def write(self, image: NDArray[np.uint8]) -> None:
        """Append one picture, (height, width, 3) uint8 RGB of the size given at the start."""
        if self._stream is None or self._container is None:
            raise ValueError("write() belongs inside the writer's with block")
        if image.shape != self._taken or image.dtype != np.uint8:
            raise ValueError(f"expected uint8 {self._taken}, got {image.dtype} {image.shape}")
        with storage_errors():
            frame = yuv420p(image[: self.height, : self.width], self.width, self.height)
        frame.pts = self.frames
        frame.time_base = 1 / self._rate
        self.frames += 1
        self._mux(frame)

    def _mux(self, frame: VideoFrame | None) -> None:
        if self._stream is None or self._container is None:
            return
        with storage_errors():
            for packet in self._stream.encode(frame):
                self._container.mux(packet)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        resources, self._resources = self._resources, ExitStack()
        try:
            with resources:
                if error is not None:
                    raise error  # through the stack, so that the temporary file goes
                if self.frames == 0:
                    raise BadRequest("A video needs at least one picture.")
                self._mux(None)
        except BaseException as raised:
            if raised is not error:
                raise
        finally:
            self._container = self._stream = None
