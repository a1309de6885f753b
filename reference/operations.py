"""Writes src/graph/parity.test.safetensors: what PyTorch makes of every operation of src/graph, and its gradients.

    python reference/operations.py

The loss is the sum of the result's elements under random weights; everything is computed in float64.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

TARGET = Path(__file__).resolve().parent.parent / "src/graph/parity.test.safetensors"


def rms_norm(x, gain):
    return F.rms_norm(x, gain.shape, gain, 1e-5)


def layer_norm(x, gain, bias):
    return F.layer_norm(x, gain.shape, gain, bias, 1e-5)


def rotary(x):
    """Two heads at positions 3 and 0, 1 and 2 of two sequences; six positions in the tables of 1/(i + 1) · 0.7."""
    positions = torch.tensor([[3, 0], [1, 2]])
    angles = positions[:, :, None, None] * 0.7 / torch.arange(1, 4)
    first, second = x.unflatten(-1, (2, 6)).chunk(2, -1)
    turned = [first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin()]
    return torch.cat(turned, -1).flatten(-2)


def split(x):
    """Parts of 1, 3 and 2 columns; the middle one is left out of the result."""
    first, _, third = x.split([1, 3, 2], 1)
    return first * third


def cross_entropy(x):
    return F.cross_entropy(x, torch.tensor([4, 0, 2, 0]), reduction="none")


def unfold(x, size, stride):
    return x.unfold(1, size, stride).transpose(2, 3).flatten(2)


def behind(x):
    """One more row and column of zeros."""
    return F.pad(x, (0, 1, 0, 1))


# By name: the shapes of the inputs, and the operation. An input of a name in POSITIVE is above 0.5.
CASES = {
    "add": ([[2, 3], [3]], lambda a, b: a + b),
    "add of two broadcasts": ([[2, 1, 3], [4, 1]], lambda a, b: a + b),
    "add of a number": ([[2, 3]], lambda a: a + 1.5),
    "sub": ([[2, 3], [2, 1]], lambda a, b: a - b),
    "mul": ([[2, 1, 3], [4, 1]], lambda a, b: a * b),
    "mul by itself": ([[5]], lambda a: a * a),
    "div": ([[2, 3], [3]], lambda a, b: a / b),
    "div by a column": ([[2, 3], [2, 1]], lambda a, b: a / b),
    "clampMin": ([[8]], lambda a: a.clamp_min(0.1)),
    "neg": ([[4]], lambda a: -a),
    "exp": ([[6]], torch.exp),
    "log": ([[6]], torch.log),
    "sqrt": ([[6]], torch.sqrt),
    "tanh": ([[6]], torch.tanh),
    "sigmoid": ([[6]], torch.sigmoid),
    "silu": ([[9]], F.silu),
    "erf": ([[6]], torch.erf),
    "gelu": ([[9]], F.gelu),
    "sum": ([[2, 3, 2]], lambda a: a.sum((0, 2), keepdim=True)),
    "mean": ([[2, 3, 4]], lambda a: a.mean((1, 2), keepdim=True)),
    "softmax": ([[2, 3, 5]], lambda a: a.softmax(-1)),
    "rmsNorm": ([[2, 3, 8], [8]], rms_norm),
    "layerNorm": ([[2, 3, 8], [8], [8]], layer_norm),
    "matmul": ([[3, 4], [4, 2]], lambda a, b: a @ b),
    "matmul of a batch by a matrix": ([[2, 3, 4], [4, 2]], lambda a, b: a @ b),
    "matmul of broadcast batches": ([[2, 1, 3, 4], [3, 4, 2]], lambda a, b: a @ b),
    "matmul of grouped heads": ([[2, 2, 3, 4, 5], [2, 2, 1, 6, 5]], lambda a, b: a @ b.mT * 0.5),
    "matmul of grouped weights": ([[2, 2, 3, 4, 6], [2, 2, 1, 6, 5]], lambda a, b: a @ b),
    "matmul with b transposed": ([[2, 3, 4], [5, 4]], lambda a, b: a @ b.mT),
    "matmul with a transposed": ([[2, 4, 3], [2, 4, 2]], lambda a, b: a.mT @ b),
    "matmul with a transposed, b a matrix": ([[2, 4, 3], [4, 2]], lambda a, b: a.mT @ b),
    "matmul with both transposed": ([[2, 4, 3], [2, 4]], lambda a, b: 0.5 * a.mT @ b.mT),
    "rotary": ([[2, 2, 12]], rotary),
    "gather": ([[4, 3]], lambda a: a[torch.tensor([[2, 0, 2], [1, 2, 2]])]),
    "crossEntropy": ([[4, 5]], cross_entropy),
    "reshape": ([[2, 6]], lambda a: a.reshape(3, 4)),
    "transpose": ([[2, 3, 4]], lambda a: a.permute(2, 0, 1)),
    "concat": ([[2, 3], [2, 1], [2, 2]], lambda *parts: torch.cat(parts, 1)),
    "slice": ([[2, 5]], lambda a: a[:, 1:4]),
    "tail": ([[2, 5, 2]], lambda a: a[:, -1:]),
    "padAxis": ([[2, 3, 2]], lambda a: F.pad(a, (0, 0, 2, 1))),
    "broadcastTo": ([[2, 1, 3]], lambda a: a.expand(4, 2, 2, 3)),
    "addAll": ([[3], [3], [3]], lambda a, b, c: a + b + c),
    "split": ([[2, 6]], split),
    "unfold": ([[2, 11, 3]], lambda a: unfold(a, 5, 2)),
    "unfold without overlap": ([[1, 6, 2]], lambda a: unfold(a, 2, 2)),
    "unfold with gaps": ([[1, 8, 2]], lambda a: unfold(a, 2, 3)),
    "convolve": ([[2, 3, 5, 4], [4, 3, 3, 2]], F.conv2d),
    "convolve with padding and a bias": ([[2, 3, 4, 6], [4, 3, 3, 3], [4]], lambda a, weight, bias: F.conv2d(a, weight, bias, padding=1)),
    "convolve by strides, with more zeros behind": ([[2, 3, 5, 6], [4, 3, 3, 3]], lambda a, weight: F.conv2d(behind(a), weight, stride=2)),
    "convolve in groups": ([[2, 4, 5, 4], [6, 2, 3, 3]], lambda a, weight: F.conv2d(a, weight, padding=1, groups=2)),
    "convolve, depthwise by strides": ([[2, 4, 4, 7], [4, 1, 3, 3], [4]], lambda a, weight, bias: F.conv2d(behind(a), weight, bias, 2, groups=4)),
    "convolve, dilated": ([[2, 4, 7, 6], [2, 2, 3, 2]], lambda a, weight: F.conv2d(a, weight, stride=3, dilation=2, padding=1, groups=2)),
    "maxPool": ([[2, 3, 4, 6]], lambda a: F.max_pool2d(a, 2)),
    "checkpoint": ([[2, 3], [3, 3]], lambda a, w: torch.tanh(F.gelu(2 * a @ w) @ w)),
}
POSITIVE = {"div", "div by a column", "log", "sqrt"}


def main() -> None:
    generator = torch.Generator().manual_seed(1)
    stored = {}
    for name, (shapes, operation) in CASES.items():
        inputs = [torch.randn(shape, generator=generator) for shape in shapes]
        if name in POSITIVE:
            inputs = [one.abs() + 0.5 for one in inputs]
        exact = [one.double().requires_grad_() for one in inputs]
        result = operation(*exact)
        weights = torch.randn(result.shape, generator=generator)
        (result * weights).sum().backward()
        stored |= {f"{name}/input {i}": one for i, one in enumerate(inputs)}
        stored |= {f"{name}/gradient {i}": one.grad.float() for i, one in enumerate(exact)}
        stored |= {f"{name}/weights": weights, f"{name}/result": result.detach().float().contiguous()}
    save_file(stored, TARGET)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
