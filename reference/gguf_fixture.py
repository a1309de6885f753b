"""Writes src/weights/fixtures/quantized.gguf, a tensor of every type that we read, with random blocks, and beside it
what its blocks stand for, as the `gguf` package (gguf-py of llama.cpp) dequantises them: quantized.safetensors.

    python reference/gguf_fixture.py
"""

from pathlib import Path

import numpy
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFReader, GGUFWriter, dequantize
from safetensors.numpy import save_file

FOLDER = Path(__file__).parent.parent / "src/weights/fixtures"
ROWS, COLUMNS = 3, 512

# Where a block has float16 numbers: they are given a size that weights have; all other bytes are any.
HALVES = {
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q8_0": [0],
    "Q2_K": [80, 82],
    "Q3_K": [108],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
    "IQ4_NL": [0],
}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    generator = numpy.random.default_rng(7)
    path = FOLDER / "quantized.gguf"
    writer = GGUFWriter(path, "none")
    writer.add_array("test.numbers", [1, 2, 3])
    writer.add_string("test.text", "ä 🐕")
    for name, halves in HALVES.items():
        kind = GGMLQuantizationType[name]
        writer.add_tensor(name, blocks(generator, kind, halves), raw_dtype=kind)
    plain = generator.standard_normal((ROWS, 5), dtype=numpy.float32)
    writer.add_tensor("F32", plain)
    writer.add_tensor("F16", plain.astype(numpy.float16))
    writer.add_tensor("BF16", (plain.view(numpy.uint32) >> 16).astype(numpy.uint16).view(numpy.uint8),
                      raw_dtype=GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(
        {
            tensor.name: numpy.ascontiguousarray(
                dequantize(tensor.data, tensor.tensor_type).reshape(tuple(reversed(tensor.shape))), dtype=numpy.float32
            )
            for tensor in GGUFReader(path).tensors
        },
        FOLDER / "quantized.safetensors",
    )


def blocks(generator: numpy.random.Generator, kind: GGMLQuantizationType, halves: list[int]) -> numpy.ndarray:
    numbers, size = GGML_QUANT_SIZES[kind]
    data = generator.integers(0, 256, (ROWS, COLUMNS // numbers, size), dtype=numpy.uint8)
    for at in halves:
        scales = (0.01 * generator.standard_normal((*data.shape[:2], 1))).astype(numpy.float16)
        data[..., at : at + 2] = scales.view(numpy.uint8)
    return data.reshape(ROWS, -1)


if __name__ == "__main__":
    main()
