"""src/model and src/train/training-graph.ts: encoders, connectors, integration and language model as one."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .connectors import connect
from .decoder import Decoder
from .encoder import padded_length, patch_transformer
from .integration import flamingo_block, integrate
from .weights import Weights


def logits(weights: Weights, config: dict, waveform: Tensor, ids: Tensor) -> Tensor:
    """One conversation about one recording: waveform [samples], ids [time] → [time, vocabularySize]"""
    decoder = Decoder(weights.at("llm"), config["llm"])
    audio = {named["name"]: hear(weights, config, named, waveform) for named in config["encoders"]}
    heard = integrate(weights.at("integration"), config["integration"], audio, decoder)

    def before(layer: int, states: Tensor) -> Tensor:
        cross = heard.cross[layer] if heard.cross else None
        if cross is None:
            return states
        return flamingo_block(weights.at("integration"), layer, config["llm"]["heads"], states, cross)

    states = torch.cat([*heard.sequence, decoder.embed(ids)])
    positions = heard.sequence_start + torch.arange(len(states))
    states = decoder.run(states, positions, heard.memory, before)
    return decoder.logits(states[-len(ids) :])


def hear(weights: Weights, config: dict, named: dict, waveform: Tensor) -> Tensor:
    """One encoder and its connector: [samples] → [tokens, hiddenSize]"""
    at = weights.at(f"encoders.{named['name']}")
    length = len(waveform)
    padded = F.pad(waveform, (0, padded_length(length, named["encoder"], named["connector"].get("pool", 1)) - length))
    tokens = patch_transformer(at.at("encoder"), named["encoder"], padded, length)
    return connect(at.at("connector"), named["connector"], tokens, config["llm"]["hiddenSize"])


def loss(weights: Weights, config: dict, waveforms: list[Tensor], conversations: list[dict]) -> Tensor:
    """The mean negative log-likelihood of all learnt tokens.

    A conversation is the index of the `audio` that it is about, its `ids`, and which of them to `learn`.
    """
    losses = []
    for conversation in conversations:
        ids, learn = torch.tensor(conversation["ids"]), torch.tensor(conversation["learn"])
        scores = logits(weights, config, waveforms[conversation["audio"]], ids[:-1])
        losses.append(F.cross_entropy(scores, ids[1:], reduction="none")[learn[1:]])
    return torch.cat(losses).mean()
