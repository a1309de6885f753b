"""The mean of two models that went different ways from the same weights (Wortsman et al. 2022, "Model soups").

    python reference/soup.py MODEL OTHER FOLDER

MODEL and OTHER are model folders with the same encoders; FOLDER gets MODEL's configuration and the mean of each weight, and in
training.json what both were made by. OTHER may lack the clocks that MODEL has: a clock adds nothing at first, so having none is
having one of zeros.
"""

import json
import shutil
import sys
from pathlib import Path

from safetensors.torch import load_file, save_file


def main(model: Path, other: Path, folder: Path) -> None:
    first, second = (load_file(path / "model.safetensors") for path in (model, other))
    for name in first.keys() - second.keys():
        if name.endswith(".connector.clock.weight"):
            second[name] = first[name] * 0
    if first.keys() != second.keys():
        raise SystemExit(f"expected the same weights in both, got {sorted(first.keys() ^ second.keys())[:3]} in one alone")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(model / "config.json", folder / "config.json")
    save_file({name: ((weight.float() + second[name].float()) / 2).to(weight.dtype) for name, weight in first.items()}, folder / "model.safetensors")
    origins = [path / "training.json" for path in (model, other)]
    if all(path.exists() for path in origins):
        mean = {"meanOf": [json.loads(path.read_text()) for path in origins]}
        (folder / "training.json").write_text(f"{json.dumps(mean, indent=2)}\n")
    print(f"{folder}: {len(first)} tensors", file=sys.stderr)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
