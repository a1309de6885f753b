"""Writes src/encoders/fixtures/yamnet: a tiny YAMNet, and what it makes of a few sounds.

    python reference/yamnet.py

Built of the layers of TensorFlow as yamnet.py and features.py of tensorflow/models are, but over all of a sound instead
of 0.96 s at a time.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file
from tensorflow.keras import Model, layers

from sound import sound
from yamnet_weights import write

TARGET = Path(__file__).resolve().parent.parent / "src/encoders/fixtures/yamnet"
WIDTHS = [4, 6, 8, 8, 8, 8, 12, 12, 12, 12, 12, 12, 16, 16]
STRIDES = [2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
LABELS = ["Speech", "Bee, wasp, etc.", "Dog"]
# Of a sound, in steps of 32 frames, and of the silence behind it: as far as the network sees.
STEPS, BEHIND = [1, 2, 4], 5


def main() -> None:
    model, pairs = network()
    random = np.random.default_rng(8)
    draw(pairs, random)
    classifier = random.normal(0, 0.05, (WIDTHS[-1], len(LABELS))), random.normal(0, 0.5, len(LABELS))
    kernel, bias = (one.astype(np.float32) for one in classifier)
    write(TARGET, [(*convolution.get_weights(), *norm.get_weights()) for convolution, norm in pairs], (LABELS, kernel, bias))
    expected = {}
    for i, steps in enumerate(STEPS):
        features = spectrogram(np.pad(sound(steps * 32 * 160, 16000), (0, BEHIND * 32 * 160)))
        tokens = tf.reduce_mean(model(features[None, :, :, None]), 2)[0]
        expected[f"features.{i}"] = np.ascontiguousarray(features[: 32 * steps])
        expected[f"tokens.{i}"] = np.ascontiguousarray(tokens[:steps])
        expected[f"scores.{i}"] = np.ascontiguousarray(tf.sigmoid(tokens @ kernel + bias)[:steps])
    save_file(expected, TARGET / "expected.safetensors")
    size = sum(file.stat().st_size for file in TARGET.iterdir())
    print(f"{TARGET.name}: {size / 1000:.0f} kB", file=sys.stderr)


def network() -> tuple[Model, list[tuple[layers.Layer, layers.Layer]]]:
    """Up to the mean, and each convolution with its batch normalisation."""
    pairs = []
    x = start = layers.Input((None, 64, 1))
    for i, (width, stride) in enumerate(zip(WIDTHS, STRIDES, strict=True)):
        options = {"padding": "same", "use_bias": False}
        first = [layers.Conv2D(width, 3, stride, **options)]
        separable = [layers.DepthwiseConv2D(3, stride, **options), layers.Conv2D(width, 1, **options)]
        for convolution in separable if i else first:
            norm = layers.BatchNormalization(scale=False, epsilon=1e-4)
            x = layers.ReLU()(norm(convolution(x)))
            pairs.append((convolution, norm))
    return Model(start, x), pairs


def draw(pairs: list[tuple[layers.Layer, layers.Layer]], random: np.random.Generator) -> None:
    """As much comes out of a layer as goes in, so that behind all of them a sound is still heard."""
    for convolution, norm in pairs:
        [kernel], [offset, mean, variance] = convolution.get_weights(), norm.get_weights()
        inputs = 9 if isinstance(convolution, layers.DepthwiseConv2D) else kernel[..., 0].size
        convolution.set_weights([random.normal(0, (2 / inputs) ** 0.5, kernel.shape)])
        offset, mean = (random.normal(0, 0.2, one.shape) for one in (offset, mean))
        norm.set_weights([offset, mean, random.uniform(0.4, 1, variance.shape)])


def spectrogram(wave: np.ndarray) -> tf.Tensor:
    """Of every frame that begins in it."""
    bands = tf.signal.linear_to_mel_weight_matrix(64, 257, 16000, 125, 7500)
    magnitudes = tf.abs(tf.signal.stft(np.pad(wave, (0, 400 - 160)), 400, 160, 512))
    return tf.math.log(magnitudes @ bands + 0.001)


if __name__ == "__main__":
    main()
