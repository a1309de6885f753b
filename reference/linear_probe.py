"""How much of what a model's encoders hear a linear classifier finds in their tokens: on held-out recordings, right so often.

    npm run build && python reference/linear_probe.py MODEL path/to/recordings
    python reference/linear_probe.py MODEL path/to/recordings --sets drums --encoders general effects --scenes 1000

MODEL is the name of a model that ships or a model's folder; `--llm` and `--encoder NAME=PATH` say where that lies which it is built on. What is
held out is read from a recipe (`--recipe`, `--change key=value`). Each kind of recordings (sounds, digits, drums) has a classifier
of its own, fitted to all that are not held out, in whichever set: logistic regression, balanced over labels, on the mean and the
maximum over time of an encoder's own tokens, those that its connector is given. With `--scenes` also one of what sounds in scenes of
two, on the tokens while it sounds, asked about so many scenes of recordings held out and fitted to four times as many of those trained on.

Prints a table: of each set, and of each group of it where several are held out, how many sounds there are, how many the classifier was
fitted to, and of each encoder, and of all joined, how many are right, with a 95 % bootstrap interval over recordings. An encoder that
heard in training what is held out here is better than it would be on strangers: that of the pal-tiny that ships did, so ask
`runs/pal-tiny/stages/alone`.
"""

import argparse
import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).resolve().parent.parent
RESAMPLES, SEED = 2000, 1
JOINED = "joined"


@dataclass
class Sound:
    set: str
    kind: str
    label: str
    group: str
    recording: str
    heldOut: bool
    inScene: bool
    tokens: dict[str, numpy.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="the name of a model that ships, or a model's folder")
    parser.add_argument("recordings", help="the recipe's data.root")
    parser.add_argument("--recipe", default=str(ROOT / "recipes/pal-smollm2-135m-averaging.yaml"), help="whose sets, and what is held out")
    parser.add_argument("--change", action="append", default=[], help="a setting of the recipe to change, as key=value")
    parser.add_argument("--sets", nargs="+", default=[], help="only these")
    parser.add_argument("--encoders", nargs="+", default=[], help="only these")
    parser.add_argument("--scenes", type=int, default=0, help="scenes of two to ask about; four times as many are fitted to")
    parser.add_argument("--llm", help="where the language model is that the model is built on, if it is not found")
    parser.add_argument("--encoder", action="append", default=[], help="the same of an encoder, as NAME=PATH")
    parser.add_argument("--build", type=Path, default=ROOT / "dist", help="where our compiled code is")
    sounds = heard(parser.parse_args())
    encoders = list(sounds[0].tokens)
    print(f"| held out | sounds | fitted to | {' | '.join(encoders)} |")
    print("|---|---|---|" + "---|" * len(encoders))
    for in_scene in (False, True):
        for kind in dict.fromkeys(sound.kind for sound in sounds):
            for row in rows([sound for sound in sounds if (sound.kind, sound.inScene) == (kind, in_scene)]):
                print(row, flush=True)


def heard(arguments: argparse.Namespace) -> list[Sound]:
    """What our encoders make of the recordings."""
    asked = {
        "model": arguments.model,
        "bases": {"encoders": arguments.encoder, **({"llm": arguments.llm} if arguments.llm else {})},
        "recipe": arguments.recipe,
        "changes": [f"data.root={arguments.recordings}", *arguments.change],
        "sets": arguments.sets,
        "encoders": arguments.encoders,
        "scenes": arguments.scenes,
    }
    command = ["node", str(arguments.build / "eval/linear-probe.js"), json.dumps(asked)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        sounds = [sound(json.loads(line)) for line in process.stdout]
    if process.returncode != 0:
        raise SystemExit(process.returncode)
    if not any(sound.heldOut for sound in sounds):
        raise SystemExit(f"expected recordings that {arguments.recipe} holds out, got none")
    return sounds


def sound(written: dict) -> Sound:
    tokens = {name: numpy.frombuffer(base64.b64decode(text), "<f4") for name, text in written.pop("tokens").items()}
    if len(tokens) > 1:
        tokens[JOINED] = numpy.concatenate(list(tokens.values()))
    return Sound(**written, tokens=tokens)


def rows(sounds: list[Sound]) -> list[str]:
    """Of one kind, alone or in scenes: a row for each set, and for each group of it where several are held out."""
    trained = [sound for sound in sounds if not sound.heldOut]
    held_out = [sound for sound in sounds if sound.heldOut]
    if not held_out:
        return []
    if len({sound.label for sound in trained}) < 2:
        raise SystemExit(f"expected recordings of two labels or more to fit a classifier to, got {len(trained)} of one kind, {held_out[0].kind}")
    right = {encoder: judged(trained, held_out, encoder) for encoder in held_out[0].tokens}
    table = []
    for name in dict.fromkeys(sound.set for sound in held_out):
        groups = sorted({sound.group for sound in held_out if sound.set == name})
        for group in [None, *(groups if len(groups) > 1 else [])]:
            meant = [i for i, sound in enumerate(held_out) if sound.set == name and group in (None, sound.group)]
            recordings = [held_out[i].recording for i in meant]
            cells = [interval([right[encoder][i] for i in meant], recordings) for encoder in right]
            title = (name if group is None else f"– {group}") + (", in scenes" if held_out[0].inScene else "")
            table.append(f"| {' | '.join([title, str(len(meant)), str(len(trained)), *cells])} |")
    return table


def judged(trained: list[Sound], held_out: list[Sound], encoder: str) -> numpy.ndarray:
    """Of each sound held out whether the classifier is right about it."""
    regression = LogisticRegression(class_weight="balanced", max_iter=5000, random_state=SEED)
    classifier = make_pipeline(StandardScaler(), regression)
    classifier.fit([sound.tokens[encoder] for sound in trained], [sound.label for sound in trained])
    return classifier.predict([sound.tokens[encoder] for sound in held_out]) == [sound.label for sound in held_out]


def interval(right: list[bool], recordings: list[str]) -> str:
    """Percentiles of draws in which what is of one recording is drawn together."""
    _, recording = numpy.unique(recordings, return_inverse=True)
    rights, counts = numpy.bincount(recording, right), numpy.bincount(recording)
    drawn = numpy.random.default_rng(SEED).integers(len(counts), size=(RESAMPLES, len(counts)))
    low, high = numpy.quantile(rights[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975])
    return f"{100 * numpy.mean(right):.1f} % ({100 * low:.1f}–{100 * high:.1f})"


if __name__ == "__main__":
    main()
