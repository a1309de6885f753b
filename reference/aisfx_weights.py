"""Makes a folder that `from:` of a recipe takes of aiSFX's weights (Ma & Lerch 2022, CC BY 4.0).

    pip download --no-deps aisfx && unzip aisfx-*.whl
    python reference/aisfx_weights.py aisfx/models/checkpoint.pth FOLDER [44100 | 16000]

FOLDER gets config.json, preprocessor_config.json and model.safetensors. At 16 kHz, which a recipe needs beside a Whisper,
a frame is as long as at 44.1 kHz (46 ms), and comes every 25 ms instead of 23, so that a token is a fifth of a second.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

FRONT_ENDS = {
    44100: {"sampling_rate": 44100, "win_length": 2048, "hop_length": 1024, "n_fft": 2048},
    16000: {"sampling_rate": 16000, "win_length": 743, "hop_length": 400, "n_fft": 1024},
}

NUMBERS = [(np._core.multiarray.scalar, "numpy.core.multiarray.scalar"), np.dtype, np.dtypes.Int64DType]


def main(checkpoint: Path, folder: Path, rate: int = 44100) -> None:
    # A pickle may run what it likes, so only numbers are let in. The second part counts the labels of each data set.
    with torch.serialization.safe_globals(NUMBERS):
        weights, _ = torch.load(checkpoint, map_location="cpu", weights_only=True)
    kept = {name: weight.contiguous() for name, weight in weights.items() if name.startswith("embedding_net.")}
    channels = [len(kept[f"embedding_net.conv_block{block}.conv1.weight"]) for block in (1, 2, 3, 4)]
    write(folder, kept, channels, FRONT_ENDS[rate])
    print(f"{folder}: {len(kept)} tensors, {rate} Hz", file=sys.stderr)


def write(folder: Path, weights: dict[str, torch.Tensor], channels: list[int], front_end: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_type": "aisfx", "channels": channels}
    preprocessor = {**front_end, "feature_size": 96, "frequency_min": 0, "frequency_max": 22050, "chunk_length": 10}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2) + "\n")
    save_file(weights, folder / "model.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *(int(argument) for argument in sys.argv[3:]))
