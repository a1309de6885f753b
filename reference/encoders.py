"""Writes src/encoders/fixtures: tiny audio encoders of every family but one, and what they make of a few sounds.

    python reference/encoders.py

Whisper, AST and CLAP are saved, and run, by Hugging Face Transformers with its feature extractors. EAT (and SSLAM, which
is the same) is in pal_torch/eat.py. aiSFX is the package of PyPI (pip install --no-deps aisfx, which pins old versions of
what it needs) with Essentia. YAMNet's folder is reference/yamnet.py's: TensorFlow and PyTorch do not go together in one
process. The sounds are made by a formula, here and in the test. Features are stored where they are few; tokens as float32.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
import torch.nn.functional as F
from aisfx.models.cnn2d import EmbeddingNet
from aisfx.preprocessing import spectrogram_normalize
from aisfx.spectrogram.spectrogram_essentia import compute_spectrogram
from safetensors.torch import save_file
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    ASTModel,
    ClapAudioConfig,
    ClapAudioModel,
    ClapFeatureExtractor,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperModel,
)

from aisfx_weights import FRONT_ENDS
from aisfx_weights import write as write_aisfx
from pal_torch.eat import Eat, eat_features
from sound import sound

TARGET = Path(__file__).resolve().parent.parent / "src/encoders/fixtures"
# Seconds of each sound, as shares of the window: what is longer is cut.
SHARES = [0.23, 1.0, 1.3]


def drawn(model: torch.nn.Module, seed: int) -> None:
    """Every weight at random and large enough to matter: what starts at zero or one would hide mistakes."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in [*model.named_parameters(), *model.named_buffers()]:
            if not weight.is_floating_point() or name.endswith("positions"):
                continue
            numbers = torch.randn(weight.shape, generator=generator)
            if name.endswith("running_var"):
                numbers = 1 + numbers.abs()
            elif weight.ndim < 2 and name.endswith("weight"):
                numbers = 1 + 0.3 * numbers
            elif weight.ndim < 2:
                numbers = 0.3 * numbers
            elif weight.ndim > 1:
                numbers = numbers * weight[0].numel() ** -0.5
            if name.endswith("batch_norm.running_mean"):
                numbers = numbers * 10 - 40
            if name.endswith("batch_norm.running_var"):
                numbers = numbers * 200
            weight.copy_(numbers)


def write(name: str, expected: dict[str, torch.Tensor]) -> None:
    save_file({key: value.contiguous().float() for key, value in expected.items()}, TARGET / name / "expected.safetensors")


def whisper(name: str, mels: int, seed: int, dtype: torch.dtype) -> None:
    config = WhisperConfig(
        num_mel_bins=mels, d_model=16, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=24,
        decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=8, vocab_size=16, max_source_positions=50,
        max_target_positions=4, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1, begin_suppress_tokens=None,
    )  # fmt: skip
    model = WhisperModel(config).eval()
    drawn(model, seed)
    extractor = WhisperFeatureExtractor(feature_size=mels, chunk_length=1)
    model.to(dtype).save_pretrained(TARGET / name)
    extractor.save_pretrained(TARGET / name)
    model = model.float()
    expected = {}
    for i, share in enumerate(SHARES):
        features = extractor(sound(int(16000 * share), 16000)[:16000], sampling_rate=16000, return_tensors="pt").input_features
        expected[f"features.{i}"] = features[0].T
        expected[f"tokens.{i}"] = model.encoder(features).last_hidden_state[0]
    write(name, expected)


def ast(seed: int) -> None:
    frames, mels = 64, 32
    config = ASTConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, max_length=frames, num_mel_bins=mels)
    model = ASTModel(config).eval()
    drawn(model, seed)
    extractor = ASTFeatureExtractor(num_mel_bins=mels, max_length=frames)
    model.save_pretrained(TARGET / "ast")
    extractor.save_pretrained(TARGET / "ast")
    expected = {}
    for i, share in enumerate(SHARES):
        wave = sound(int(frames * 160 * share), 16000)[: frames * 160]
        features = extractor(wave, sampling_rate=16000, return_tensors="pt").input_values
        expected[f"features.{i}"] = features[0]
        expected[f"tokens.{i}"] = model(features).last_hidden_state[0]
    write("ast", expected)


def eat(seed: int) -> None:
    frames = 64
    config = {
        "model_type": "eat", "embed_dim": 16, "depth": 2, "num_heads": 2, "patch_size": 16, "stride": 16, "in_chans": 1,
        "mel_bins": 128, "max_length": 24, "num_classes": 527, "model_variant": "pretrain", "mlp_ratio": 1.5, "qkv_bias": True,
        "drop_rate": 0.0, "layer_norm_first": False, "norm_eps": 1e-6, "norm_affine": True, "fixed_positions": True, "img_size": [frames, 128],
    }  # fmt: skip
    model = Eat(config).eval()
    drawn(model, seed)
    (TARGET / "eat").mkdir()
    (TARGET / "eat/config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file({f"model.{key}": value.contiguous() for key, value in model.state_dict().items()}, TARGET / "eat/model.safetensors")
    expected = {}
    for i, share in enumerate(SHARES):
        features = eat_features(sound(int(frames * 160 * share), 16000)[: frames * 160], frames)
        expected[f"features.{i}"] = features
        expected[f"tokens.{i}"] = model(features[None])[0]
    write("eat", expected)


def clap(name: str, fusion: bool, width: int, seed: int) -> None:
    config = ClapAudioConfig(
        spec_size=64, num_mel_bins=16, window_size=4, patch_embeds_hidden_size=width, depths=[2, 2, 2], num_attention_heads=[1, 2, 2],
        hidden_size=4 * width, mlp_ratio=1.5, enable_fusion=fusion, fusion_type="aff_2d" if fusion else None, aff_block_r=2,
    )  # fmt: skip
    model = ClapAudioModel(config).eval()
    drawn(model, seed)
    extractor = ClapFeatureExtractor(
        feature_size=16, max_length_s=1, hop_length=192, fft_window_size=1024, frequency_min=50,
        truncation="fusion" if fusion else "rand_trunc",
    )  # fmt: skip
    model.save_pretrained(TARGET / name)
    extractor.save_pretrained(TARGET / name)
    expected = {}
    for i, share in enumerate(SHARES):
        inputs = extractor(sound(int(48000 * share), 48000)[:48000], sampling_rate=48000, return_tensors="pt")
        output = model(inputs["input_features"].float(), is_longer=inputs["is_longer"])
        expected[f"features.{i}"] = inputs["input_features"][0, 0]
        expected[f"tokens.{i}"] = output.last_hidden_state[0]
        expected[f"pooled.{i}"] = output.pooler_output
    if fusion:
        four = torch.stack([expected[f"features.{i}"] for i in (0, 1, 2, 0)])
        expected["four"] = model(four[None].float(), is_longer=torch.tensor([[True]])).last_hidden_state[0]
    write(name, expected)


def aisfx(seed: int) -> None:
    """Its own network and spectrograms, before the largest over time is taken."""
    model = EmbeddingNet("max", 3, 1, 4).eval()
    drawn(model, seed)
    weights = {f"embedding_net.{name}": weight.contiguous() for name, weight in model.state_dict().items()}
    write_aisfx(TARGET / "aisfx", weights, [4, 8, 16, 32], FRONT_ENDS[44100])
    expected = {}
    for i, steps in enumerate([1, 6, 9]):
        # What follows is silence, as far as the network sees.
        wave = np.pad(sound(steps * 8 * 1024, 44100), (0, 4 * 8 * 1024))
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            soundfile.write(file.name, wave, 44100, subtype="FLOAT")
            features = compute_spectrogram(file.name, sr=44100, block_size=2048, hop_size=1024, n_mels=96, f_min=0.0, f_max=22050.0)
        frames = torch.from_numpy(spectrogram_normalize(features)[: 8 * (steps + 4)])
        x = frames[None, None]
        for block, pool in [(model.conv_block1, 2), (model.conv_block2, 2), (model.conv_block3, 2), (model.conv_block4, 1)]:
            x = block(x, pool_size=(pool, pool), pool_type="max")
        expected[f"features.{i}"] = frames[: 8 * steps]
        expected[f"tokens.{i}"] = x.mean(3)[0].T[:steps]
    write("aisfx", expected)


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    for folder in TARGET.iterdir():
        if folder.name != "yamnet":
            shutil.rmtree(folder)
    with torch.no_grad():
        whisper("whisper-80", 80, 1, torch.float32)
        whisper("whisper-128", 128, 2, torch.float16)
        ast(3)
        eat(4)
        clap("clap-unfused", False, 8, 5)
        clap("clap-fused", True, 12, 6)
        aisfx(7)
    size = sum(file.stat().st_size for file in TARGET.rglob("*.*") if file.is_file())
    print(f"{TARGET.name}: {size / 1000:.0f} kB", file=sys.stderr)
