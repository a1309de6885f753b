"""Questions in wordings that nobody trained on, about held-out recordings: a manifest for `pal eval`.

    python reference/unseen_wordings.py path/to/recordings

writes path/to/recordings/unseen-wordings.jsonl: of each class of ESC-10's fold 4, of the digits of speaker nicolas and of the
drums of two kits, all of which the recipes hold out, some recordings drawn by a seed, and about each whether it is something (its
label and another one of its kind, by turns), which of two, and, openly, what. The wordings were written by hand after those in
src/data/questions, to be unlike them in words and in build; a recording gets some of them, drawn by the seed as well.
"""

import csv
import json
import random
import sys
from pathlib import Path

YES_NO = [
    'My friend swears this is the sound known as "{}". Does she have it right?',
    'Suppose somebody filed this clip under "{}". Would that be a mistake or not? Say yes if the label is right, no if it is wrong.',
    'True or not: whoever pressed record caught "{}" here. Reply yes or no.',
    'I bet ten pounds that the tag of this file should be "{}". Do I win?',
    'For my archive: may I write "{}" on this cassette?',
    'Without my glasses I cannot read the screen, but does it play "{}"?',
    'Grandma is guessing "{}". Ought I to agree with her?',
    'Verify, please: content of the attachment equals "{}"?',
]
CHOICE = [
    'Quiz time! Two buttons, one labelled "{}", the other "{}". Which button do I press for this clip?',
    'The jury is split between "{}" and "{}". Break the tie.',
    'If you had to put this into the drawer "{}" or the drawer "{}", where would it go?',
    'Someone mixed up two tapes, "{}" and "{}". What does this one say on its label?',
    'Heads is "{}", tails is "{}". How should the coin land, going by your ears?',
    'Between us, was the microphone pointed at "{}" or rather at "{}"?',
]
OPEN = [
    "I am deaf. Put into plain words, for my diary, the source of the noise on this tape.",
    "Fill the gap: the engineer pressed play and out came ____.",
    "My hearing aid is broken. Be my ears for a second.",
    "Pretend you are writing the subtitle for this moment of a film. What goes between the brackets?",
    "If this file had a title, what would a librarian type?",
    "One guess only: where did these vibrations in the air come from?",
]
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
SETS = {
    "esc10": ("label", "fold", ["4"]),
    "digits": ("digit", "speaker", ["nicolas"]),
    "drums": ("label", "kit", ["The Black Pearl 1.0", "rumpf_kit_z01_h2"]),
}
PER_CLASS = 4


def main(folder: Path) -> None:
    draw = random.Random(1)
    rows = [row for name, columns in SETS.items() for row in questions(folder, name, *columns, draw)]
    out = folder / "unseen-wordings.jsonl"
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(f"{out}: {len(rows)} questions")


def questions(folder: Path, name: str, label: str, group: str, held_out: list[str], draw: random.Random) -> list[dict]:
    with (folder / f"{name}.csv").open() as file:
        clips = [row for row in csv.DictReader(file) if row[group] in held_out]
    labels = sorted({clip[label] for clip in clips})
    rows = []
    for one in labels:
        own = [clip["audio"] for clip in clips if clip[label] == one]
        for audio in draw.sample(own, min(PER_CLASS, len(own))):
            other = draw.choice([another for another in labels if another != one])
            right, wrong = (DIGITS[int(text)] if name == "digits" else text for text in (one, other))
            asked = [right, wrong] if draw.random() < 0.5 else [wrong, right]
            truth = draw.random() < 0.5
            rows += [
                row(audio, "presence", draw.choice(YES_NO).format(right if truth else wrong), "Yes." if truth else "No."),
                row(audio, "which of two", draw.choice(CHOICE).format(*asked), right, choices=asked),
                row(audio, "open", draw.choice(OPEN), right),
            ]
    return rows


def row(audio: str, task: str, question: str, answer: str, **more: list[str]) -> dict:
    messages = [{"role": "user", "content": f"<audio>{question}"}, {"role": "assistant", "content": answer}]
    return {"messages": messages, "audios": [audio], "task": task, **more}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
