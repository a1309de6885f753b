"""EAT, and SSLAM, which is EAT trained on mixtures of sounds: what Hugging Face Transformers does not have.

Written after eat_model.py and model_core.py beside the published checkpoints (worstchan/EAT-base_epoch30_pretrain,
ta012/SSLAM_pretrain) and models/images.py, modules.py, mae.py and feature_extract.py of github.com/ta012/SSLAM.
"""

import numpy as np
import torch
from torch import nn
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function


def eat_features(wave: np.ndarray, frames: int) -> torch.Tensor:
    """The waveform's mean is taken away; Kaldi's filter bank; zeros up to `frames`; (x + 4.268) / (2 · 4.569)."""
    filters = mel_filter_bank(257, 128, 20, 8000, 16000, norm=None, mel_scale="kaldi", triangularize_in_mel_space=True)
    bank = spectrogram(
        (wave - wave.mean()).astype(np.float32), window_function(400, "hann", periodic=False), 400, 160, 512, power=2.0, center=False,
        preemphasis=0.97, mel_filters=filters, log_mel="log", mel_floor=1.192092955078125e-07, remove_dc_offset=True,
    ).T[:frames]  # fmt: skip
    filled = np.zeros((frames, 128), np.float32)
    filled[: len(bank)] = bank
    return (torch.from_numpy(filled) + 4.268) / (2 * 4.569)


def sines(position: torch.Tensor, width: int) -> torch.Tensor:
    omega = 1 / 10000 ** (torch.arange(width // 2, dtype=torch.float64) / (width / 2))
    angles = position[:, None] * omega
    return torch.cat([angles.sin(), angles.cos()], 1)


def positions(width: int, steps: int, bands: int) -> torch.Tensor:
    """The first half tells the band, the second the step; time-major."""
    step, band = torch.meshgrid(torch.arange(steps), torch.arange(bands), indexing="ij")
    return torch.cat([sines(band.flatten(), width // 2), sines(step.flatten(), width // 2)], 1)[None].float()


class Positions(nn.Module):
    def __init__(self, table: torch.Tensor) -> None:
        super().__init__()
        self.positions = nn.Parameter(table, requires_grad=False)


class Patches(nn.Module):
    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, width, kernel_size=size, stride=size)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=bias)
        self.proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q * (width // self.heads) ** -0.5 @ k.transpose(-2, -1)).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, length, width))


class Mlp(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, config: dict) -> None:
        super().__init__()
        width = config["embed_dim"]
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=config["norm_eps"]) for _ in range(2))
        self.attn = Attention(width, config["num_heads"], config["qkv_bias"])
        self.mlp = Mlp(width, int(width * config["mlp_ratio"]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm1(x + self.attn(x))
        return self.norm2(x + self.mlp(x))


class Eat(nn.Module):
    """[batch, frames, bins] → [batch, 1 + patches, width]."""

    def __init__(self, config: dict) -> None:
        super().__init__()
        width, size = config["embed_dim"], config["patch_size"]
        self.local_encoder = Patches(width, size)
        self.extra_tokens = nn.Parameter(torch.zeros(1, 1, width))
        self.fixed_positional_encoder = Positions(positions(width, config["max_length"], config["mel_bins"] // size))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config["depth"]))
        self.pre_norm = nn.LayerNorm(width, eps=config["norm_eps"])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        x = self.local_encoder.proj(features[:, None]).flatten(2).transpose(1, 2)
        x = x + self.fixed_positional_encoder.positions[:, : x.shape[1]]
        x = self.pre_norm(torch.cat([self.extra_tokens.expand(len(x), -1, -1), x], 1))
        for block in self.blocks:
            x = block(x)
        return x
