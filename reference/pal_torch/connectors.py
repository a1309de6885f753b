"""src/connectors: from the encoder's tokens to tokens as wide as the language model's."""

import torch.nn.functional as F
from torch import Tensor

from .layers import attention, layer_norm, linear, split_heads
from .weights import Weights

EPSILON = 1e-6


def connect(weights: Weights, config: dict, tokens: Tensor, hidden_size: int) -> Tensor:
    if config["kind"] == "mlp":
        return mlp(weights, config, tokens, hidden_size)
    return q_former(weights, config, tokens, hidden_size)


def mlp(weights: Weights, config: dict, tokens: Tensor, hidden_size: int) -> Tensor:
    """[tokens, width] → [tokens/pool, hiddenSize]"""
    pooled = tokens.unflatten(0, (-1, config.get("pool", 1))).mean(1)
    normed = layer_norm(weights.at("norm"), pooled, EPSILON)
    return linear(weights.at("down"), F.gelu(linear(weights.at("up"), normed, hidden_size)), hidden_size)


def q_former(weights: Weights, config: dict, tokens: Tensor, size: int) -> Tensor:
    """[tokens, width] → [queries, hiddenSize]"""
    states = weights("queries", [config["queries"], size])
    audio = layer_norm(weights.at("norm"), tokens, EPSILON)
    for layer in range(config["layers"]):
        at = weights.at(f"layers.{layer}")
        own = layer_norm(at.at("self_norm"), states, EPSILON)
        states = states + attend(at.at("self"), config["heads"], own, own, size)
        asking = layer_norm(at.at("cross_norm"), states, EPSILON)
        states = states + attend(at.at("cross"), config["heads"], asking, audio, size)
        normed = layer_norm(at.at("ffn_norm"), states, EPSILON)
        states = states + linear(at.at("ffn.down"), F.gelu(linear(at.at("ffn.up"), normed, 4 * size)), size)
    return states


def attend(weights: Weights, heads: int, x: Tensor, context: Tensor, size: int) -> Tensor:
    query, key, value = (
        split_heads(linear(weights.at(name), source, size), heads)
        for name, source in (("query", x), ("key", context), ("value", context))
    )
    return linear(weights.at("output"), attention(query, key, value), size)
