"""Writes src/data/shards/fixtures: the same few sounds as the real libraries store them.

    python reference/datasets_fixture.py

Parquet by Hugging Face `datasets` (audio embedded as {bytes, path}, label names in the file's metadata) and by
pyarrow alone (no metadata, other codecs, paths instead of bytes); tar shards by `webdataset`.
"""

import io
import json
import os
import shutil
from pathlib import Path

import numpy
import pyarrow
import pyarrow.parquet
import soundfile
import webdataset
from datasets import Audio, ClassLabel, Dataset, Features, List, Value

TARGET = Path(__file__).resolve().parent.parent / "src/data/shards/fixtures"
RATE = 8000
SECONDS = 0.05
NAMES = ["dog", "rain", "sea_waves"]


def sound(number: int, kind: str = "FLAC") -> bytes:
    """A tone of (number + 1) * 200 Hz: what is read can be told from its pitch."""
    time = numpy.arange(int(SECONDS * RATE)) / RATE
    file = io.BytesIO()
    soundfile.write(file, 0.3 * numpy.sin(2 * numpy.pi * (number + 1) * 200 * time), RATE, format=kind)
    return file.getvalue()


def embedded(number: int) -> dict:
    return {"bytes": sound(number), "path": f"{number}.flac"}


def conversation(question: str, answer: str) -> list:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def dataset(rows: dict, features: Features) -> Dataset:
    """`Dataset.from_dict`, but without torchcodec, which `datasets` asks for though nothing is to be decoded."""
    return Dataset(pyarrow.Table.from_pydict(rows, schema=features.arrow_schema))


def labelled() -> None:
    """Two splits; the first in row groups of two rows, as `push_to_hub` writes it."""
    features = Features({"audio": Audio(), "fold": Value("int64"), "label": ClassLabel(names=NAMES)})
    rows = {"audio": [embedded(i) for i in range(4)], "fold": [1, 1, 2, 2], "label": [0, 1, 2, 0]}
    both = dataset(rows, features)
    both.select(range(3)).to_parquet(TARGET / "labelled/train-00000-of-00001.parquet", batch_size=2)
    both.select([3]).to_parquet(TARGET / "labelled/test-00000-of-00001.parquet")


def questions() -> None:
    turn = {"role": Value("string"), "content": Value("string")}
    features = Features({"id": Value("int64"), "messages": List(turn), "audio": Audio()})
    messages = [conversation("<audio>What is it?", "A dog."), conversation("And this?", "Rain.")]
    rows = {"id": [7, None], "messages": messages, "audio": [embedded(0), embedded(1)]}
    dataset(rows, features).to_parquet(TARGET / "questions.parquet")


def write(name: str, columns: dict, **options) -> None:
    pyarrow.parquet.write_table(pyarrow.table(columns), TARGET / name, **options)


def plain() -> None:
    """By pyarrow alone: no metadata of `datasets`, other codecs, audio in other forms."""
    audio = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    # Messages as JSON text; paths in place of bytes: one of a file, one of none, and nothing.
    text = [json.dumps(conversation("What is it?", "A dog."))] * 3
    cells = [{"bytes": None, "path": "sounds/0.flac"}, {"bytes": None, "path": "sounds/none.flac"}, None]
    write("paths.parquet", {"messages": text, "audio": pyarrow.array(cells, audio)}, compression="gzip")

    lists = pyarrow.array([[embedded(0), embedded(1)], []], pyarrow.list_(audio))
    said = [conversation("<audio><audio>Which is higher?", "The second."), conversation("Hm?", "No.")]
    write("several.parquet", {"messages": [json.dumps(one) for one in said], "audios": lists}, compression="brotli")

    # One row group, but with pages of a few rows and an index of them: a part of the group can be read.
    many = {"label": [NAMES[i % 3] for i in range(16)], "audio": [sound(i % 5) for i in range(16)]}
    pages = {"write_page_index": True, "data_page_size": 1000, "write_batch_size": 4, "use_dictionary": ["label"]}
    write("indexed.parquet", many, compression="zstd", write_statistics=False, **pages)

    decoded = pyarrow.array([{"array": [0.0, 0.1], "sampling_rate": 8000}])
    write("decoded.parquet", {"label": ["dog"], "audio": decoded})
    write("unlabelled.parquet", {"label": pyarrow.array([3, None]), "audio": [sound(0)] * 2}, compression="lz4")


def shards() -> None:
    """By webdataset's own writers; the last key is too long for the name in a tar header."""
    with webdataset.ShardWriter(str(TARGET / "wds/train-%03d.tar"), maxcount=2, verbose=0, mtime=0) as writer:
        for i, key in enumerate(["a/0000", "a/0001", "b/" + "long-" * 30 + "name"]):
            writer.write({"__key__": key, "flac": sound(i), "cls": i % 3, "json": {"fold": i // 2}})
    with webdataset.TarWriter(str(TARGET / "wds-questions.tar"), mtime=0) as writer:
        said = {"messages": conversation("<audio>What is it?", "A dog."), "task": "name"}
        writer.write({"__key__": "0000", "flac": sound(0), "json": said})
        both = {"messages": conversation("<audio><audio>Which?", "The first."), "audios": ["0001.b.flac", "a.flac"]}
        writer.write({"__key__": "0001", "a.flac": sound(1), "b.flac": sound(2), "json": both})


if __name__ == "__main__":
    shutil.rmtree(TARGET, ignore_errors=True)
    for folder in ("labelled", "wds", "sounds"):
        (TARGET / folder).mkdir(parents=True)
    (TARGET / "sounds/0.flac").write_bytes(sound(0))
    labelled()
    questions()
    plain()
    shards()
    files = [path for path in TARGET.rglob("*") if path.is_file()]
    print(f"{len(files)} files, {sum(os.path.getsize(path) for path in files):,} bytes")
