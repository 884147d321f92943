"""Writes small networks as ONNX graphs whose weights are stored in half precision.

Whole-number recipes destroy these networks, and half precision is not computed on processors. So each weight is stored
in 16 bits behind a Cast, which onnxruntime folds away when it opens the file: half the size, nothing slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
Array = NDArray[Any]


class Graph:
    """A network under construction. Methods take names of values and return the name of the new one."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, Array] = {}

    def add(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def weight(self, value: Array) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = np.asarray(value, order="C")
        return name

    def picture(self, name: str, *, scale: float, shift: float) -> str:
        """(N, H, W, 3) bytes in RGB order as (N, 3, H, W) numbers: times `scale`, plus `shift`."""
        number = self.add("Cast", [name], to=TensorProto.FLOAT)
        planes = self.add("Transpose", [number], perm=[0, 3, 1, 2])
        scaled = self.add("Mul", [planes, self.weight(np.float32(scale))])
        return self.add("Add", [scaled, self.weight(np.float32(shift))])

    def convolution(self, value: str, kernel: Array, bias: Array, *, stride: int = 1, groups: int = 1) -> str:
        """`kernel` is (out, in / groups, height, width); edges are padded as TensorFlow's SAME does."""
        return self.add(
            "Conv", [value, self.weight(kernel), self.weight(bias)],
            strides=[stride, stride], group=groups, auto_pad="SAME_UPPER", kernel_shape=list(kernel.shape[2:]),
        )  # fmt: skip

    def relu6(self, value: str) -> str:
        return self.add("Clip", [value, self.weight(np.float32(0)), self.weight(np.float32(6))])

    def model(self, given: onnx.ValueInfoProto, output: str, value: str, shape: Sequence[int | str]) -> onnx.ModelProto:
        """The finished model from what is `given` to one value, under the name `output`."""
        self.nodes.append(helper.make_node("Identity", [value], [output], name=output))
        initializers = [numpy_helper.from_array(np.asarray(value), key) for key, value in self.weights.items()]
        graph = helper.make_graph(self.nodes, "network", [given], [numbers(output, shape)], initializers)
        return finished(helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION))


def pictures(height: int | str, width: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["n", height, width, 3])


def numbers(name: str, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def normalised(
    kernel: Array, gamma: Array, beta: Array, mean: Array, variance: Array, eps: float
) -> tuple[Array, Array]:
    """A kernel, output channels first, and its bias with the batch normalisation that follows worked into them."""
    factor = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + eps)
    folded = kernel * factor.reshape(-1, *[1] * (kernel.ndim - 1))
    return folded.astype(np.float32), (beta - mean * factor).astype(np.float32)


def finished(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model checked, with every weight of some size stored in half precision."""
    halves, casts, kept = [], [], []
    for initializer in model.graph.initializer:
        value = numpy_helper.to_array(initializer)
        if value.dtype != np.float32 or value.size < 16:
            kept.append(initializer)
            continue
        halves.append(numpy_helper.from_array(value.astype(np.float16), f"{initializer.name}_half"))
        casts.append(
            helper.make_node("Cast", [halves[-1].name], [initializer.name], name=halves[-1].name, to=TensorProto.FLOAT)
        )
    nodes = [*casts, *model.graph.node]
    names = {initializer.name for initializer in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in names]
    graph = helper.make_graph(nodes, model.graph.name, inputs, list(model.graph.output), [*kept, *halves])
    done = helper.make_model(graph, opset_imports=list(model.opset_import), ir_version=IR_VERSION)
    onnx.checker.check_model(done)
    return done
