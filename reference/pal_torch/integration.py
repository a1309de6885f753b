"""src/integration: how the language model gets to see the audio."""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from .connectors import q_former
from .decoder import Decoder, KeyValues
from .layers import attention, layer_norm, linear, rms_norm, split_heads
from .weights import Weights

EPSILON = 1e-5


@dataclass
class Heard:
    """What an integration gives the language model."""

    sequence: list[Tensor]  # what stands before the text
    memory: list[KeyValues | None]  # for each layer
    cross: list[KeyValues | None] = field(default_factory=list)  # for each layer (Flamingo only)
    sequence_start: int = 0  # the position of the sequence's first token


def integrate(weights: Weights, config: dict, audio: dict[str, Tensor], decoder: Decoder) -> Heard:
    """audio: for each encoder by its name, tokens [N, hiddenSize]"""
    tokens = list(audio.values())
    layers = decoder.config["layers"]
    match config["kind"]:
        case "plits":
            return Heard(tokens, [None] * layers)
        case "lal":
            return lal(weights, config, tokens, decoder)
        case "pal" if "routes" in config["form"]:
            by_route = {"plits": [], "lal": []}
            for name, one in audio.items():
                by_route[config["form"]["routes"][name]].append(one)
            heard = lal(weights, config, by_route["lal"], decoder)
            heard.sequence = by_route["plits"]
            return heard
        case "pal":
            form = config["form"]
            settings = {
                "queries": form["summaryTokens"],
                "layers": form.get("summaryLayers", 1),
                "heads": form.get("summaryHeads", 4),
            }
            heard = lal(weights, config, tokens, decoder)
            heard.sequence = [
                q_former(weights.at("summary"), settings, one, decoder.config["hiddenSize"]) for one in tokens
            ]
            return heard
        case "flamingo":
            return flamingo(weights, config, torch.cat(tokens), decoder)
        case kind:
            raise ValueError(f"no integration of kind {kind!r}")


def lal(weights: Weights, settings: dict, audio: list[Tensor], decoder: Decoder) -> Heard:
    """Audio enters a layer only as keys and values; tokens of all encoders are numbered through."""
    layers = settings.get("layers", "all")
    config = decoder.config
    tokens = torch.cat(audio)
    turned = settings.get("positions") != "none"

    def hears(layer: int) -> bool:
        if layers == "all":
            return True
        return layer >= layers["from"] if isinstance(layers, dict) else layer in layers

    def memory(layer: int) -> KeyValues:
        states = tokens
        if settings.get("projector") == "per-layer":
            at = weights.at(f"projectors.{layer}")
            narrow = linear(at.at("down"), tokens, settings.get("rank", 16), bias=False)
            states = states + linear(at.at("up"), narrow, config["hiddenSize"], bias=False)
        if settings.get("norm") == "own":
            normed = rms_norm(weights.at(f"norms.{layer}"), states, config["normEpsilon"])
        else:
            normed = decoder.input_norm(layer, states)
        return decoder.key_values(layer, normed, torch.arange(len(tokens)) if turned else None)

    memories = [memory(layer) if hears(layer) else None for layer in range(config["layers"])]
    return Heard([], memories, sequence_start=len(tokens) if turned else 0)


def flamingo(weights: Weights, settings: dict, tokens: Tensor, decoder: Decoder) -> Heard:
    config = decoder.config

    def cross(layer: int) -> KeyValues:
        at = weights.at(f"blocks.{layer}.attention")
        normed = layer_norm(at.at("audio_norm"), tokens, EPSILON)
        keys, values = (linear(at.at(name), normed, config["hiddenSize"], bias=False) for name in ("key", "value"))
        return KeyValues(split_heads(keys, config["heads"]), split_heads(values, config["heads"]))

    layers = range(config["layers"])
    return Heard([], [None for _ in layers], [cross(i) if i % settings["every"] == 0 else None for i in layers])


def flamingo_block(weights: Weights, layer: int, heads: int, x: Tensor, audio: KeyValues) -> Tensor:
    """Y = X + tanh(α)·CrossAttention(norm(X), A), then Y + tanh(β)·FFN(norm(Y))"""
    at = weights.at(f"blocks.{layer}")
    size = x.shape[-1]
    normed = layer_norm(at.at("attention.norm"), x, EPSILON)
    queries = split_heads(linear(at.at("attention.query"), normed, size, bias=False), heads)
    mixed = linear(at.at("attention.output"), attention(queries, audio.keys, audio.values), size, bias=False)
    x = x + torch.tanh(at("attention_gate", [1])) * mixed
    normed = layer_norm(at.at("ffn.norm"), x, EPSILON)
    widened = F.gelu(linear(at.at("ffn.up"), normed, 4 * size, bias=False))
    return x + torch.tanh(at("ffn_gate", [1])) * linear(at.at("ffn.down"), widened, size, bias=False)
