"""Writes src/train/training-graph.test.safetensors: loss and gradients of tiny models, one for each integration.

    python reference/gradients.py

Every weight is trained. The batch is two recordings of different lengths and three conversations; here they
are computed one by one, in float64 and without padding, and in src/ as one padded batch in float32.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from pal_torch.model import loss
from pal_torch.weights import Weights

TARGET = Path(__file__).resolve().parent.parent / "src/train/training-graph.test.safetensors"

ENCODER = {
    "kind": "patch-transformer",
    "sampleRate": 1600,
    "windowSize": 40,
    "hopSize": 16,
    "fftSize": 64,
    "melBins": 12,
    "lowestFrequency": 20,
    "highestFrequency": 800,
    "mean": -3,
    "deviation": 4,
    "patchFrames": 4,
    "strideFrames": 2,
    "patchBins": 6,
    "hiddenSize": 12,
    "layers": 1,
    "heads": 3,
    "feedForwardSize": 20,
    "windowSeconds": 10,
}
LLM = {
    "hiddenSize": 16,
    "layers": 3,
    "heads": 4,
    "keyValueHeads": 2,
    "headSize": 4,
    "feedForwardSize": 20,
    "vocabularySize": 24,
    "normEpsilon": 1e-5,
    "ropeTheta": 100,
    "tieEmbeddings": True,
}
ENCODERS = {
    "stemmed": {**ENCODER, "stem": [5]},
    "normalized": {**ENCODER, "stem": [5], "meanNormalizationSeconds": 0.06},
}
MLP = {"kind": "mlp"}
QFORMER = {"kind": "qformer", "queries": 3, "layers": 1, "heads": 4}


def model(integration: dict, connectors: dict = {"general": MLP}, **llm) -> dict:
    encoders = [
        {"name": name, "encoder": ENCODERS.get(name, ENCODER), "connector": one}
        for name, one in connectors.items()
    ]
    return {"encoders": encoders, "integration": integration, "llm": {**LLM, **llm}}


CASES = {
    "plits": model({"kind": "plits"}),
    "plits-pooled-untied": model({"kind": "plits"}, {"general": {"kind": "mlp", "pool": 2}}, tieEmbeddings=False),
    "lal": model({"kind": "lal"}),
    "lal-unturned-own-norm": model({"kind": "lal", "positions": "none", "norm": "own"}),
    "lal-per-layer-late": model({"kind": "lal", "projector": "per-layer", "rank": 2, "layers": {"from": 1}}),
    "lal-qformer-listed": model({"kind": "lal", "layers": [0, 2]}, {"general": QFORMER}),
    "pal-routed": model(
        {"kind": "pal", "form": {"routes": {"speech": "plits", "general": "lal", "other": "lal"}}},
        {"speech": MLP, "general": MLP, "other": QFORMER},
    ),
    "pal-unified": model({"kind": "pal", "form": {"summaryTokens": 2}, "layers": {"from": 1}}),
    "flamingo": model({"kind": "flamingo", "every": 2}),
    "lal-stemmed": model({"kind": "lal"}, {"stemmed": MLP}),
    "lal-mean-normalized": model({"kind": "lal"}, {"normalized": MLP}),
}
CONVERSATIONS = [(0, 9, 4), (0, 6, 2), (1, 12, 3)]  # audio, tokens, learnt tokens at the end
LENGTHS = [300, 170]  # samples


def main() -> None:
    generator = torch.Generator().manual_seed(1)
    waveforms = [0.1 * torch.randn(length, generator=generator) for length in LENGTHS]
    conversations = [
        {
            "audio": audio,
            "ids": torch.randint(LLM["vocabularySize"], [length], generator=generator).tolist(),
            "learn": [i >= length - learnt for i in range(length)],
        }
        for audio, length, learnt in CONVERSATIONS
    ]
    stored = {f"waveforms.{i}": waveform for i, waveform in enumerate(waveforms)}
    shared: dict[str, torch.Tensor] = {}
    for case, config in CASES.items():
        # A first pass makes the weights that no earlier case has; cases share those of the same name and shape.
        used = weights_of(case, config, shared, waveforms, conversations, generator)
        exact = {name: tensor.double().requires_grad_() for name, tensor in used.items()}
        value = loss(Weights(exact), config, [one.double() for one in waveforms], conversations)
        value.backward()
        stored |= {f"{case}/gradients/{name}": tensor.grad.float() for name, tensor in exact.items()}
        stored[f"{case}/loss"] = value.detach().float().reshape(1)
        print(f"{case}: loss {value.item():.4f}, {len(exact)} weights", file=sys.stderr)
    stored |= {f"weights/{name}": tensor for name, tensor in shared.items()}
    metadata = {"cases": json.dumps(CASES), "conversations": json.dumps(conversations)}
    save_file(stored, TARGET, metadata)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB", file=sys.stderr)


def weights_of(case, config, shared, waveforms, conversations, generator) -> dict[str, torch.Tensor]:
    before = dict(shared)
    used = Recorded(shared)
    with torch.no_grad():
        loss(Weights(used, generator=generator), config, waveforms, conversations)
    assert all(shared[name] is tensor for name, tensor in before.items())
    return {name: shared[name] for name in sorted(used.names)}


class Recorded(dict):
    """A dictionary, shared with others, that remembers which names were asked for."""

    def __init__(self, tensors: dict):
        self.tensors = tensors
        self.names: set[str] = set()

    def __contains__(self, name) -> bool:
        return name in self.tensors

    def __getitem__(self, name):
        self.names.add(name)
        return self.tensors[name]

    def __setitem__(self, name, tensor) -> None:
        self.tensors[name] = tensor


if __name__ == "__main__":
    main()
