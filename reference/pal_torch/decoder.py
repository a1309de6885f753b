"""src/llm: a decoder of the Llama family with one opening, further keys and values for each layer."""

from typing import Callable, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .layers import attention, linear, rms_norm, split_heads
from .weights import Weights


class KeyValues(NamedTuple):
    keys: Tensor  # [keyValueHeads, length, headSize]
    values: Tensor


class Decoder:
    def __init__(self, weights: Weights, config: dict):
        self.weights = weights
        self.config = config

    def embed(self, ids: Tensor) -> Tensor:
        return self._embeddings()[ids]

    def input_norm(self, layer: int, states: Tensor) -> Tensor:
        return rms_norm(self._layer(layer).at("input_layernorm"), states, self.config["normEpsilon"])

    def key_values(self, layer: int, normed: Tensor, positions: Tensor | None) -> KeyValues:
        heads, size = self.config["keyValueHeads"], self.config["headSize"]
        keys = split_heads(self._project(layer, "self_attn.k_proj", normed, heads * size), heads)
        values = split_heads(self._project(layer, "self_attn.v_proj", normed, heads * size), heads)
        return KeyValues(keys if positions is None else self._rotate(keys, positions), values)

    def run(
        self,
        states: Tensor,
        positions: Tensor,
        memory: list[KeyValues | None],
        before: Callable[[int, Tensor], Tensor] = lambda layer, states: states,
    ) -> Tensor:
        """[time, hiddenSize] → the same, before the final norm"""
        for layer in range(self.config["layers"]):
            states = self._run(layer, before(layer, states), positions, memory[layer])
        return states

    def logits(self, states: Tensor) -> Tensor:
        normed = rms_norm(self.weights.at("model.norm"), states, self.config["normEpsilon"])
        if self.config["tieEmbeddings"]:
            return normed @ self._embeddings().T
        return linear(self.weights.at("lm_head"), normed, self.config["vocabularySize"], bias=False)

    def _run(self, layer: int, x: Tensor, positions: Tensor, memory: KeyValues | None) -> Tensor:
        config = self.config
        normed = self.input_norm(layer, x)
        projected = self._project(layer, "self_attn.q_proj", normed, config["heads"] * config["headSize"])
        queries = self._rotate(split_heads(projected, config["heads"]), positions)
        keys, values = self.key_values(layer, normed, positions)
        mask = torch.ones(len(x), len(x), dtype=torch.bool).tril()
        if memory is not None:  # Every token sees all of it.
            keys, values = torch.cat([memory.keys, keys], 1), torch.cat([memory.values, values], 1)
            mask = torch.cat([torch.ones(len(x), memory.keys.shape[1], dtype=torch.bool), mask], 1)
        mixed = attention(queries, keys, values, mask)
        x = x + self._project(layer, "self_attn.o_proj", mixed, config["hiddenSize"])
        normed = rms_norm(self._layer(layer).at("post_attention_layernorm"), x, config["normEpsilon"])
        gate = F.silu(self._project(layer, "mlp.gate_proj", normed, config["feedForwardSize"]))
        up = self._project(layer, "mlp.up_proj", normed, config["feedForwardSize"])
        return x + self._project(layer, "mlp.down_proj", gate * up, config["hiddenSize"])

    def _rotate(self, x: Tensor, positions: Tensor) -> Tensor:
        """Dimension i is turned with dimension i + headSize/2 by position·theta^(−2i/headSize)."""
        half = self.config["headSize"] // 2
        frequencies = self.config["ropeTheta"] ** (-torch.arange(half, dtype=torch.float64) / half)
        angles = (positions[:, None] * frequencies).to(x.dtype)
        first, second = x[..., :half], x[..., half:]
        cosine, sine = angles.cos(), angles.sin()
        return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)

    def _project(self, layer: int, name: str, x: Tensor, outputs: int) -> Tensor:
        return linear(self._layer(layer).at(name), x, outputs, bias=False)

    def _embeddings(self) -> Tensor:
        return self.weights("model.embed_tokens.weight", [self.config["vocabularySize"], self.config["hiddenSize"]])

    def _layer(self, layer: int) -> Weights:
        return self.weights.at(f"model.layers.{layer}")
