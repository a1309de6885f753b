"""src/encoders: the log-mel spectrogram, and a transformer over its patches."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .layers import attention, layer_norm, linear, split_heads
from .weights import Weights

FLOOR = 1e-6
EPSILON = 1e-6


def log_mel(waveform: Tensor, config: dict) -> Tensor:
    """[samples] → [frames, melBins], step by step as Kaldi does it. What lies behind the end is silence."""
    window, hop = config["windowSize"], config["hopSize"]
    frames = F.pad(waveform, (0, window - hop)).unfold(0, window, hop)
    frames = frames - frames.mean(1, keepdim=True)
    before = torch.cat([frames[:, :1], frames[:, :-1]], 1)
    frames = (frames - 0.97 * before) * torch.hann_window(window, periodic=False, dtype=frames.dtype)
    power = torch.fft.rfft(frames, config["fftSize"]).abs().square()
    mel = power @ mel_filters(config).to(power.dtype)
    return (mel.clamp_min(FLOOR).log() - config["mean"]) / config["deviation"]


def mel_filters(config: dict) -> Tensor:
    """[bins, melBins]: triangles that are even on the mel scale."""

    def to_mel(frequency: float) -> float:
        return 1127 * math.log(1 + frequency / 700)

    low, high = to_mel(config["lowestFrequency"]), to_mel(config["highestFrequency"])
    edges = torch.linspace(low, high, config["melBins"] + 2, dtype=torch.float64)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bins = [to_mel(i * config["sampleRate"] / config["fftSize"]) for i in range(config["fftSize"] // 2 + 1)]
    at = torch.tensor(bins, dtype=torch.float64)[:, None]
    return torch.minimum((at - left) / (centre - left), (right - at) / (right - centre)).clamp_min(0)


def mean_normalized(spectrogram: Tensor, length: int, config: dict) -> Tensor:
    """[frames, melBins] → the same, frame by frame less the mean, weighed by power, of the frames around it."""
    heard = math.ceil(length / config["hopSize"])
    reach = round(config["meanNormalizationSeconds"] * config["sampleRate"] / config["hopSize"] / 2)
    power = (spectrogram.mean(1) * config["deviation"]).exp()
    frames = []
    for i, frame in enumerate(spectrogram):
        around = slice(max(0, i - reach), min(heard, i + reach + 1))
        weights = power[around, None]
        frames.append(frame - (spectrogram[around] * weights).sum(0) / weights.sum() if len(weights) else frame)
    return torch.stack(frames)


def patch_transformer(weights: Weights, config: dict, waveform: Tensor, length: int) -> Tensor:
    """[samples] → [tokens, hiddenSize]; what follows the first `length` samples is padding."""
    patches = cut_patches(weights, waveform, length, config)
    states = linear(weights.at("patch"), patches, config["hiddenSize"])
    states = states + positions(len(patches), config).to(states.dtype)
    for layer in range(config["layers"]):
        states = encoder_layer(weights.at(f"layers.{layer}"), config, states)
    return layer_norm(weights.at("norm"), states, EPSILON)


def encoder_layer(weights: Weights, config: dict, x: Tensor) -> Tensor:
    size, heads = config["hiddenSize"], config["heads"]
    normed = layer_norm(weights.at("attention_norm"), x, EPSILON)
    query, key, value = (
        split_heads(linear(weights.at(f"attention.{name}"), normed, size), heads) for name in ("query", "key", "value")
    )
    x = x + linear(weights.at("attention.output"), attention(query, key, value), size)
    normed = layer_norm(weights.at("ffn_norm"), x, EPSILON)
    widened = F.gelu(linear(weights.at("ffn.up"), normed, config["feedForwardSize"]))
    return x + linear(weights.at("ffn.down"), widened, size)


def cut_patches(weights: Weights, waveform: Tensor, length: int, config: dict) -> Tensor:
    """[samples] → [steps·bands, values of a patch]: the last patches look into the silence behind the end."""
    overhang = (config["patchFrames"] - config["strideFrames"]) * config["hopSize"]
    channels = config.get("stem", [])
    features = log_mel(F.pad(waveform, (0, overhang)), config)[None]  # [channels, frames, bins]
    if "meanNormalizationSeconds" in config:
        features = torch.cat([features, mean_normalized(features[0], length, config)[None]])
    for i, count in enumerate(channels):
        features = convolution(weights.at(f"stem.{i}"), features, count)
    halved = 2 ** len(channels)
    steps = features.unfold(1, config["patchFrames"] // halved, config["strideFrames"] // halved)
    cut = steps.unflatten(2, (-1, config["patchBins"] // halved))  # [channels, steps, bands, bins, frames]
    return cut.permute(1, 2, 4, 3, 0).flatten(2).flatten(0, 1)


def convolution(weights: Weights, x: Tensor, outputs: int) -> Tensor:
    """[channels, frames, bins] → [outputs, frames / 2, bins / 2], 3 × 3, looking back; the weight is for rows."""
    inputs = len(x)
    kernel = weights("weight", [outputs, 9 * inputs]).unflatten(1, (3, 3, inputs)).movedim(3, 1)
    return F.conv2d(F.pad(x, (1, 0, 1, 0)), kernel, weights("bias", [outputs]), stride=2).relu()


def positions(tokens: int, config: dict) -> Tensor:
    """[tokens, hiddenSize]: the first half tells the band, the second half the time step."""
    half = config["hiddenSize"] // 2
    bands = config["melBins"] // config["patchBins"]
    token = torch.arange(tokens)
    return torch.cat([sines(token % bands, half), sines(token // bands, half)], 1)


def sines(position: Tensor, width: int) -> Tensor:
    frequencies = 10000.0 ** (-torch.arange(width // 2, dtype=torch.float64) / (width / 2))
    angles = position[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], 1)


def padded_length(samples: int, config: dict, pool: int = 1) -> int:
    """Whole time steps, and as many of them as the connector can pool."""
    per_step = config["strideFrames"] * config["hopSize"]
    bands = config["melBins"] // config["patchBins"]
    steps = max(1, math.ceil(samples / per_step))
    while steps * bands % pool:
        steps += 1
    return steps * per_step
