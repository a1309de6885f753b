"""src/nn: linear maps, norms and attention as functions of weights."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .weights import Weights


def linear(weights: Weights, x: Tensor, outputs: int, bias: bool = True) -> Tensor:
    weight = weights("weight", [outputs, x.shape[-1]])
    return F.linear(x, weight, weights("bias", [outputs]) if bias else None)


def rms_norm(weights: Weights, x: Tensor, epsilon: float) -> Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + epsilon) * weights("weight", [x.shape[-1]])


def layer_norm(weights: Weights, x: Tensor, epsilon: float) -> Tensor:
    size = [x.shape[-1]]
    return F.layer_norm(x, size, weights("weight", size), weights("bias", size), epsilon)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """[time, heads·headSize] → [heads, time, headSize]"""
    return x.unflatten(-1, (heads, -1)).transpose(0, 1)


def attention(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None) -> Tensor:
    """queries [heads, time, headSize], keys and values [keyValueHeads, length, headSize] → [time, heads·headSize]

    mask [time, length] is True where a query may attend.
    """
    group = queries.shape[0] // keys.shape[0]
    keys, values = keys.repeat_interleave(group, 0), values.repeat_interleave(group, 0)
    scores = queries @ keys.transpose(1, 2) / queries.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return (scores.softmax(-1) @ values).transpose(0, 1).flatten(1)
