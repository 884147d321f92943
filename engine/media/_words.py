"""The sentences that people read when a clip cannot be used, and the human units in them. It knows no FFmpeg."""

from __future__ import annotations

from engine.errors import (
    BudgetTooSmall,
    ClipTooLarge,
    ClipTooLong,
    DamagedClip,
    DecodeTimeout,
    EmptyFile,
    MediaError,
    NoPicture,
    NotAVideo,
    OutOfMemory,
    StorageFull,
    TooManyPixels,
    TruncatedClip,
    UnsupportedClip,
)

_KIB = 1024


def size(count: int) -> str:
    """Bytes as people say them: "14 MB", "1.5 MB", "300 bytes"."""
    if count < _KIB:
        return f"{count} byte" if count == 1 else f"{count} bytes"
    value = float(count)
    for unit in ("KB", "MB", "GB", "TB"):
        value /= _KIB
        if value < 999.5 or unit == "TB":
            return f"{value:.1f} {unit}".replace(".0 ", " ") if value < 9.95 else f"{value:.0f} {unit}"
    raise AssertionError


def _two_sizes(small: int, large: int) -> str:
    """Two sizes in a shared unit when that still tells them apart: "2 of its 14 MB"."""
    left, right = size(small), size(large)
    if left == right:
        left, right = f"{small:,} bytes", f"{large:,} bytes"
    left_number, left_unit = left.rsplit(" ", 1)
    same_unit = left_unit == right.rsplit(" ", 1)[1]
    return f"{left_number if same_unit else left} of its {right}"


def length(seconds: float) -> str:
    """A duration as people say it: "42 min", "8 s", "2 h", "3 days"."""
    for limit, divisor, unit in ((99.5, 1.0, "s"), (5970.0, 60.0, "min"), (172800.0, 3600.0, "h")):
        if seconds < limit:
            return f"{seconds / divisor:.0f} {unit}"
    return f"{seconds / 86400.0:,.0f} days"


def _two_lengths(long: float, cap: float) -> tuple[str, str]:
    left, right = length(long), length(cap)
    if left == right:
        return f"{long:.1f} s", f"{cap:.1f} s"
    left_number, left_unit = left.rsplit(" ", 1)
    right_number, right_unit = right.rsplit(" ", 1)
    if left_unit == right_unit:
        return left, right_number
    return f"{left_number} {left_unit}", f"{right_number} {right_unit}"


def empty() -> EmptyFile:
    return EmptyFile("That file is empty. Upload it again?")


def not_a_video(what: str) -> NotAVideo:
    """`what` names the thing with its article: "a zip archive"."""
    return NotAVideo(f"That file is {what}, not a video. Send me a video, a GIF or a picture.")


def unknown_format() -> NotAVideo:
    return NotAVideo("I don't recognise that file as a video. Send me an MP4, WebM, MOV or GIF.")


def not_a_file(what: str) -> NotAVideo:
    return NotAVideo(f"That is {what}, not a file. Send me the video itself.")


def missing_file() -> NotAVideo:
    return NotAVideo("I can't find that file. Check its name and try again.")


def unreadable_file() -> NotAVideo:
    return NotAVideo("I'm not allowed to open that file. Check its permissions and try again.")


def playlist() -> UnsupportedClip:
    return UnsupportedClip("That file only points to a video somewhere else. Send me the video itself.")


def unsupported(what: str, better: str = "an MP4") -> UnsupportedClip:
    return UnsupportedClip(f"I can't read {what}. Send me {better} instead.")


def protected() -> UnsupportedClip:
    return UnsupportedClip("That video is copy-protected, so I can't open it. Send me one without protection.")


def no_picture() -> NoPicture:
    return NoPicture("That file has sound but no picture. Send me one with something to see.")


def no_frames() -> NoPicture:
    return NoPicture("There is not a single picture in that file. Export it again, or send another one.")


def too_large(count: int, cap: int) -> ClipTooLarge:
    left, right = size(count), size(cap)
    if left == right:
        left, right = f"{count:,} bytes", f"{cap:,} bytes"
    return ClipTooLarge(
        f"That file is {left}; I take up to {right}. Trim or compress it.", size_bytes=count, max_bytes=cap
    )


def too_long(seconds: float, cap: float) -> ClipTooLong:
    left, right = _two_lengths(seconds, cap)
    return ClipTooLong(
        f"This clip is {left} long; I take up to {right}. Trim it, or ask about a part.",
        duration_s=round(seconds, 3),
        max_duration_s=cap,
    )


def too_many_pixels(width: int, height: int, cap: int) -> TooManyPixels:
    return TooManyPixels(
        f"That picture is {width}×{height}; I take up to {cap / 1e6:.1f} megapixels. Scale it down and try again.",
        width=width,
        height=height,
        max_pixels=cap,
    )


def some_too_many_pixels(cap: int) -> TooManyPixels:
    """When the decoder refused the size before we could read it."""
    return TooManyPixels(
        f"The pictures in that file are larger than {cap / 1e6:.1f} megapixels. Scale it down and try again.",
        max_pixels=cap,
    )


def decode_timeout(cap: float) -> DecodeTimeout:
    return DecodeTimeout(
        f"Reading that clip took longer than {length(cap)}, so I stopped. Try a shorter or smaller one.", seconds=cap
    )


def truncated(have: int, should: int) -> TruncatedClip:
    return TruncatedClip(
        f"That file ends after {_two_sizes(have, should)}. Upload it again?", size_bytes=have, expected_bytes=should
    )


def ends_early() -> TruncatedClip:
    return TruncatedClip("That file ends before its first picture does. Upload it again?")


def damaged() -> DamagedClip:
    return DamagedClip("That file is damaged and I can't read a picture from it. Export it again?")


def overgrown(what: str) -> DamagedClip:
    """`what` names the parts that are too many: "hundreds of scans"."""
    return DamagedClip(f"That file is built of {what}, so I don't open it. Export it again with another program?")


def too_much_animation(frames: int, width: int, height: int) -> TooManyPixels:
    return TooManyPixels(
        f"That animation has {frames:,} or more pictures of {width}×{height}, which is more than I can look at. "
        "Scale it down, or send it as an MP4.",
        width=width,
        height=height,
    )


def damaged_sound() -> DamagedClip:
    return DamagedClip("The sound of that file is damaged and I can't hear it. Export it again?")


def no_index() -> DamagedClip:
    return DamagedClip("That recording was cut off before it was finished: its index is missing. Export it again?")


def budget_too_small(budget: int) -> BudgetTooSmall:
    return BudgetTooSmall(
        f"This video can't be made as small as {size(budget)} and still be worth watching. Try a shorter one.",
        max_bytes=budget,
    )


def storage_full() -> StorageFull:
    return StorageFull("The disk is full, so the video could not be saved. Free some space and try again.")


def out_of_memory() -> OutOfMemory:
    return OutOfMemory("There is not enough memory to save this video. Please try it shorter or smaller, or later.")


def cannot_save(reason: str | None) -> MediaError:
    why = f" ({reason.lower()})" if reason else ""
    return MediaError(f"The video could not be saved{why}. Check the folder it goes to and try again.")
