"""Times `pal` commands by turns: what a setting, or a change of the code, is worth on this machine.

    npm run build && python reference/turns.py [--turns 8] [--settings "" "--bits 8"] [--before FOLDER] -- COMMAND …

COMMAND is what stands behind `pal`. Each turn runs it once for each setting, which is added to it, and, with --before, also by
the project in FOLDER, which is built: for instance a worktree of an earlier commit. Everything runs in a process of its own, so
that opening a model is part of it; one turn more, the first, is not counted. Printed are medians (least–most), and ratios within a turn to
the first row. Of `pal ask … --json` also the time from what was heard to the first token, that of each further one, and the most
memory that the process took.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

from contestant import spread

ROOT = Path(__file__).resolve().parent.parent

Sample = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--settings", nargs="+", default=[""], help="options that are added to the command")
    parser.add_argument("--before", type=Path, help="another folder of the project, built")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    command = [part for part in arguments.command if part != "--"]
    if not command:
        parser.error("expected a command of pal behind --, such as: -- ask examples/snare-drum.wav 'What do you hear?'")
    folders = {"": ROOT} if arguments.before is None else {"before ": arguments.before.resolve(), "now ": ROOT}
    rows = {
        f"{name}{setting}".strip() or "pal": [str(folder / "bin/pal.js"), *command, *shlex.split(setting)]
        for setting in arguments.settings
        for name, folder in folders.items()
    }
    samples: dict[str, list[Sample]] = {name: [] for name in rows}
    for turn in range(arguments.turns + 1):
        for name, words in rows.items():
            sample = run(words)
            if turn > 0:
                samples[name].append(sample)
        print(f"turn {turn} of {arguments.turns}", file=sys.stderr)
    print(table(samples))


def run(words: list[str]) -> Sample:
    start = time.perf_counter()
    ended = subprocess.run(["node", *words], cwd=ROOT, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if ended.returncode != 0:
        raise SystemExit(f"{shlex.join(words)} ended with {ended.returncode}:\n{ended.stderr}")
    return {"start to end, s": seconds} | answered(ended.stdout)


def answered(output: str) -> Sample:
    """What `pal ask --json` says of its answers: nothing if the output is something else."""
    try:
        answers = [json.loads(line) for line in output.splitlines()]
        return {
            "first token, ms": statistics.median(a["timings"]["firstTokenMs"] for a in answers),
            "further token, ms": statistics.median(
                (a["timings"]["totalMs"] - a["timings"]["firstTokenMs"]) / max(1, a["answerTokens"] - 1) for a in answers
            ),
            "peak, MiB": max(a["peakMemoryMiB"] for a in answers),
        }
    except (json.JSONDecodeError, TypeError, KeyError, statistics.StatisticsError):
        return {}


def table(samples: dict[str, list[Sample]]) -> str:
    first = next(iter(samples.values()))
    measures = [*first[0]]
    lines = ["| " + " | ".join(["", *(f"{measure} | ratio" for measure in measures)]) + " |"]
    lines.append("|---" * (1 + 2 * len(measures)) + "|")
    for name, own in samples.items():
        cells = [name]
        for measure in measures:
            values = [sample[measure] for sample in own]
            ratios = [value / other[measure] for value, other in zip(values, first)]
            cells += [spread(values, digits(values)), "—" if own is first else spread(ratios, 2)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def digits(values: list[float]) -> int:
    """Behind the point, for three that count."""
    middle = statistics.median(values)
    return 0 if middle >= 100 else 1 if middle >= 10 else 2


if __name__ == "__main__":
    main()
