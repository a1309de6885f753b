"""What rounding costs a language model: how far its next-token probabilities move, and its loss.

    python reference/smollm2.py SmolLM2-135M-Instruct.Q4_1.gguf FOLDER
    python reference/rounding.py FOLDER [TEXT]

FOLDER is a language model that Transformers opens; TEXT a file, of which the first 2,048 tokens are read, 512 at a time
(docs/architecture.md if it is not given). All products but the output head are rounded, weights and what they are multiplied with
(activations), as each kernel of products.py rounds them; computed are the numbers that the whole ones stand for. Printed are the mean
Kullback–Leibler divergence of the rounded model's probabilities from the model's, in nats, with a 95 % interval over windows of 64 tokens
(2,000 bootstrap resamples, seeded), the change of the mean loss, how often the likeliest token is the same, and the error of the weights
(root mean square, relative).
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.linalg import hadamard
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

ROOT = Path(__file__).resolve().parent.parent
TOKENS, WINDOW, PIECE, ROTATION = 2048, 512, 64, 64

Rounding = Callable[[torch.Tensor], torch.Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("text", type=Path, nargs="?", default=ROOT / "docs/architecture.md")
    arguments = parser.parse_args()
    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
    ids = AutoTokenizer.from_pretrained(arguments.model)(arguments.text.read_text(), return_tensors="pt").input_ids[0][: TOKENS + 1]
    projections = [module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear) and name != "lm_head"]
    whole = logarithms(model, ids)
    print("| weights | activations | divergence, nats (95 %) | loss | same likeliest token | error of the weights |")
    print("|---|---|---|---|---|---|")
    for names, weights, activations in ROUNDINGS:
        rounded, error = with_rounding(projections, weights, activations, lambda: logarithms(model, ids))
        print(f"| {names[0]} | {names[1]} | {row(whole, rounded, ids)} | {error:.2%} |", flush=True)


def row(whole: torch.Tensor, rounded: torch.Tensor, ids: torch.Tensor) -> str:
    divergence = (whole.exp() * (whole - rounded)).sum(-1)
    pieces = divergence[: len(divergence) // PIECE * PIECE].reshape(-1, PIECE).mean(1).numpy()
    resampled = np.random.default_rng(1).choice(pieces, (2000, len(pieces))).mean(1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    loss = lambda logs: -logs.gather(1, ids[1:, None]).mean().item()
    same = (whole.argmax(-1) == rounded.argmax(-1)).float().mean().item()
    return f"{divergence.mean():.4f} ({low:.4f}–{high:.4f}) | {loss(rounded) - loss(whole):+.4f} | {same:.1%}"


@torch.inference_mode()
def logarithms(model: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """Of the probabilities of what follows each token, [tokens, vocabulary]."""
    windows = [ids[start : start + WINDOW][None] for start in range(0, len(ids) - 1, WINDOW)]
    return torch.cat([model(window).logits[0].log_softmax(-1) for window in windows])[: len(ids) - 1]


def with_rounding(
    projections: list[torch.nn.Linear], weights: Rounding, activations: Rounding, read: Callable[[], torch.Tensor]
) -> tuple[torch.Tensor, float]:
    """What is read while the projections are rounded, and how far their weights are from what they were."""
    before = [module.weight.data for module in projections]
    hooks = [module.register_forward_pre_hook(lambda _, inputs: (activations(inputs[0]), *inputs[1:])) for module in projections]
    for module in projections:
        module.weight.data = weights(module.weight.data)
    try:
        changed = sum((module.weight.data - was).square().sum().item() for module, was in zip(projections, before))
        return read(), (changed / sum(was.square().sum().item() for was in before)) ** 0.5
    finally:
        for module, was in zip(projections, before):
            module.weight.data = was
        for hook in hooks:
            hook.remove()


def blocks8(numbers: torch.Tensor) -> torch.Tensor:
    """Blocks of 32, the largest number of each at the end of the range."""
    return rows8(numbers.unflatten(-1, (-1, 32))).flatten(-2)


def blocks4(numbers: torch.Tensor) -> torch.Tensor:
    """As src/weights/blocks.ts: −8 … 7, of 13 scales around the one that maps the largest number to −8 that with the least error."""
    blocks = numbers.unflatten(-1, (-1, 32))
    extreme = blocks.gather(-1, blocks.abs().argmax(-1, keepdim=True))
    best, explained = torch.zeros_like(extreme), torch.full_like(extreme, -1)
    for levels in (8 + 0.2 * i for i in range(-6, 7)):
        q = torch.round(torch.nan_to_num(blocks * (-levels / extreme))).clamp(-8, 7)
        xq, qq = (blocks * q).sum(-1, keepdim=True), q.square().sum(-1, keepdim=True)
        gain = torch.nan_to_num(xq.square() / qq)
        best, explained = torch.where(gain > explained, xq / qq, best), torch.maximum(gain, explained)
    best = torch.nan_to_num(best)
    return (torch.round(torch.nan_to_num(blocks / best)).clamp(-8, 7) * best).flatten(-2)


def blocks4_zero_points(numbers: torch.Tensor) -> torch.Tensor:
    """Blocks of 32 between their least and largest numbers, 16 levels."""
    blocks = numbers.unflatten(-1, (-1, 32))
    least, most = blocks.amin(-1, keepdim=True).clamp(max=0), blocks.amax(-1, keepdim=True).clamp(min=0)
    scale = (most - least) / 15
    zero = torch.round(torch.nan_to_num(-least / scale))
    return ((torch.round(torch.nan_to_num(blocks / scale)) + zero).clamp(0, 15).sub(zero) * scale).flatten(-2)


def rows8(numbers: torch.Tensor) -> torch.Tensor:
    """A scale for each row."""
    scale = numbers.abs().amax(-1, keepdim=True) / 127
    return torch.round(torch.nan_to_num(numbers / scale)).clamp(-127, 127) * scale


def rotated8(numbers: torch.Tensor) -> torch.Tensor:
    """A scale for each row of what is rotated by Hadamard matrices of 64 columns, and rotated back: they are their own inverse."""
    rotate = lambda a: (a.unflatten(-1, (-1, ROTATION)) @ HADAMARD).flatten(-2)
    return rotate(rows8(rotate(numbers)))


HADAMARD = torch.tensor(hadamard(ROTATION) / ROTATION**0.5, dtype=torch.float32)

ROUNDINGS: list[tuple[tuple[str, str], Rounding, Rounding]] = [
    (("blocks, 8 bits", "blocks, 8 bits"), blocks8, blocks8),
    (("blocks, 4 bits", "blocks, 8 bits"), blocks4, blocks8),
    (("blocks with zero points, 4 bits", "blocks, 8 bits"), blocks4_zero_points, blocks8),
    (("rows, 8 bits", "rows, 8 bits"), rows8, rows8),
    (("rotated rows, 8 bits", "rotated rows, 8 bits"), rotated8, rotated8),
]


if __name__ == "__main__":
    main()
