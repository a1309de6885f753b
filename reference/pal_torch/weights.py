"""Weights by name, as src/nn/scope.ts names them."""

import torch
from torch import Tensor


class Weights:
    """The place in a model where weights are named: `weights.at("layers.0")("weight", [4, 4])`.

    A name that is not there yet is filled at random when there is a generator, and an error otherwise.
    """

    def __init__(self, tensors: dict[str, Tensor], path: str = "", generator: torch.Generator | None = None):
        self.tensors = tensors
        self.path = path
        self.generator = generator

    def at(self, name: str) -> "Weights":
        return Weights(self.tensors, self._name(name), self.generator)

    def __call__(self, name: str, shape: list[int]) -> Tensor:
        name = self._name(name)
        if name not in self.tensors:
            if self.generator is None:
                raise KeyError(f"no weight named {name!r}")
            self.tensors[name] = random_weight(name, shape, self.generator)
        tensor = self.tensors[name]
        if list(tensor.shape) != shape:
            raise ValueError(f"{name}: expected shape {shape}, got {list(tensor.shape)}")
        return tensor

    def _name(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def random_weight(name: str, shape: list[int], generator: torch.Generator) -> Tensor:
    """Nothing starts at zero or one, so that every gradient is of some size."""
    noise = torch.randn(shape, generator=generator)
    if len(shape) > 1:
        return noise / shape[-1] ** 0.5
    return 1 + 0.2 * noise if "norm" in name and name.endswith("weight") else 0.5 * noise
