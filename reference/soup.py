"""The mean of two models that went different ways from the same weights (Wortsman et al. 2022, "Model soups").

    python reference/soup.py MODEL OTHER FOLDER

MODEL and OTHER are model folders; FOLDER gets MODEL's configuration and the mean of each weight, and in training.json what both were
made by. Encoders that MODEL alone has are taken as they are.
"""

import json
import shutil
import sys
from pathlib import Path

from safetensors.torch import load_file, save_file


def main(model: Path, other: Path, folder: Path) -> None:
    first, second = (load_file(path / "model.safetensors") for path in (model, other))
    encoders = {encoder["name"] for encoder in json.loads((other / "config.json").read_text())["model"]["encoders"]}
    added = {name for name in first.keys() - second.keys() if name.startswith("encoders.") and name.split(".")[1] not in encoders}
    if first.keys() - added != second.keys():
        raise SystemExit(f"expected the same weights in both, got {sorted((first.keys() - added) ^ second.keys())[:3]} in one alone")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(model / "config.json", folder / "config.json")
    others = {**first, **second}
    save_file({name: ((weight.float() + others[name].float()) / 2).to(weight.dtype) for name, weight in first.items()}, folder / "model.safetensors")
    mean = {"meanOf": [json.loads((path / "training.json").read_text()) for path in (model, other)]}
    (folder / "training.json").write_text(f"{json.dumps(mean, indent=2)}\n")
    print(f"{folder}: {len(first)} tensors", file=sys.stderr)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
