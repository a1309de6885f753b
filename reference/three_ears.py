"""Makes one model of two that went different ways from the same weights, to train on from.

    python reference/three_ears.py MODEL OTHER FOLDER

MODEL and OTHER are model folders of PAL in the routed form, whose encoders `general` differ. FOLDER gets MODEL's encoders and, as
`effects`, OTHER's `general` with its connector; what both have otherwise, LoRA and the connector of `speech`, is the mean
(Wortsman et al. 2022, "Model soups").
"""

import json
import sys
from pathlib import Path

from safetensors.torch import load_file, save_file

GENERAL = "encoders.general."


def main(model: Path, other: Path, folder: Path) -> None:
    first, second = (load_file(path / "model.safetensors") for path in (model, other))
    weights = {}
    for name, weight in first.items():
        both = not name.startswith(GENERAL)
        weights[name] = ((weight.float() + second[name].float()) / 2).to(weight.dtype) if both else weight
    for name, weight in second.items():
        if name.startswith(GENERAL):
            weights["encoders.effects." + name.removeprefix(GENERAL)] = weight
    config, theirs = (json.loads((path / "config.json").read_text()) for path in (model, other))
    effects = next(encoder for encoder in theirs["model"]["encoders"] if encoder["name"] == "general")
    config["model"]["encoders"].insert(1, {**effects, "name": "effects"})
    config["model"]["integration"]["form"]["routes"]["effects"] = "lal"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file(weights, folder / "model.safetensors")
    print(f"{folder}: {len(weights)} tensors", file=sys.stderr)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
