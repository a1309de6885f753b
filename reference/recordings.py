"""Makes the three labelled sets that the recipes are trained on, from the public sources that they come from.

    git clone https://github.com/karolpiczak/ESC-10 && git -C ESC-10 checkout 553c8f1
    git clone https://github.com/Jakobovski/free-spoken-digit-dataset
    apt-get download hydrogen-drumkits && dpkg-deb -x hydrogen-drumkits_*.deb PACKAGES
    python reference/recordings.py ESC-10 free-spoken-digit-dataset PACKAGES FOLDER

FOLDER gets three tables beside the recordings:

- `esc10.csv` (audio, label, fold, freesound_id): ESC-10, 5 s each. At that commit, the last one with recordings, they are what the recipes were
  trained on, byte by byte. A clone of https://github.com/karolpiczak/ESC-50 in its place has the same clips decoded, of 5 s exactly;
- `digits.csv` (audio, digit, speaker, take): four speakers of the Free Spoken Digit Dataset, byte by byte;
- `drums.csv` (audio, label, kit, licence): single hits of nine kits of Debian's hydrogen-drumkits, 16 kHz mono, at most 4 s.

What no recipe is trained on or measured by is left out, to stay a test of whatever is made with them: fold 5 (`--folds 1 2 3 4 5` writes it as
well; then hold it out: `data.sets.esc10.heldOut=[4,5]`), two speakers and the package's other kits.
Licences: ESC-10 CC BY 3.0 (each clip's author is in its README, or in ESC-50's LICENSE), digits CC BY-SA 4.0, drums as their table says.
"""

import argparse
import csv
import re
import shutil
import xml.etree.ElementTree as ElementTree
from math import ceil, gcd
from pathlib import Path

import numpy
import soundfile
from more_recordings import save, write
from scipy.signal import firwin, resample_poly

FOLDS, CLIPS_OF_A_FOLD = ["1", "2", "3", "4", "5"], 80

# Categories of ESC-50, and how ESC-10 calls them.
LABELS = {
    "dog": "dog bark", "rain": "rain", "sea_waves": "sea waves", "crying_baby": "baby cry", "clock_tick": "clock tick", "sneezing": "person sneeze",
    "helicopter": "helicopter", "chainsaw": "chainsaw", "rooster": "rooster", "crackling_fire": "fire crackling",
}  # fmt: skip

SPEAKERS, TAKES = ["george", "jackson", "lucas", "nicolas"], 50

# By Debian's copyright file.
KITS = {
    "Audiophob": "CC0", "BJA_Pacific": "CC-BY-SA-3.0-us", "ForzeeStereo": "GPL-2", "HardElectro1": "GPL-2+", "Millo_MultiLayered2": "GPL-2",
    "Millo_MultiLayered3": "GPL-2", "The Black Pearl 1.0": "GPL-2", "VariBreaks": "GPL-2+", "rumpf_kit_z01_h2": "CC-BY-3.0",
}  # fmt: skip
HITS = 400

# How names of instruments read, and the first that fits gives the label. Hi-hats neither open nor closed (semi-open, swish, choke) have none, nor
# have splash, China and agogo. Some that would have one (kicks and hats of VariBreaks, the stick of rumpf_kit, the bell of The Black Pearl, side
# hats of HardElectro1) are passed over since the recipes were trained without them.
DRUMS = {
    "kick drum": "^(pearl )?kick|bass ?drum",
    "side stick": "^stick|side stick|rim click",
    "snare drum": "snare",
    "hand clap": "clap",
    "tom": r"\btom\b",
    "closed hi-hat": "closed hh|hat closed",
    "pedal hi-hat": "pedal hh|hat pedal",
    "open hi-hat": "^open hh|hat (open|free)",
    "ride cymbal": r"\bride\b",
    "crash cymbal": "crash",
    "tambourine": "tambourine",
    "cowbell": "cowbell",
}
RATE, MOST_SECONDS = 16000, 4


def main(esc: Path, fsdd: Path, packages: Path, folder: Path, folds: list[str]) -> None:
    sets = [
        ("esc10.csv", ["audio", "label", "fold", "freesound_id"], esc10(esc, folder, folds), CLIPS_OF_A_FOLD * len(folds)),
        ("digits.csv", ["audio", "digit", "speaker", "take"], digits(fsdd, folder), len(SPEAKERS) * 10 * TAKES),
        ("drums.csv", ["audio", "label", "kit", "licence"], drums(packages, folder), HITS),
    ]
    for name, head, recordings, count in sets:
        rows = list(recordings)
        if len(rows) != count:
            raise SystemExit(f"{folder / name}: expected {count} recordings, got {len(rows)}: is its source another version, or not complete? No table was written.")
        write(folder / name, head, rows)


def esc10(source: Path, folder: Path, folds: list[str]):
    clips = clips_of_esc50(source) if (source / "meta/esc50.csv").exists() else clips_of_esc10(source)
    for label, name, file in sorted(clips):
        fold, freesound_id, _ = name.split("-")
        if fold in folds:
            yield copied(file, folder, Path("esc10") / label.replace(" ", "-") / f"{name}{file.suffix}"), label, fold, freesound_id


def clips_of_esc50(source: Path):
    with (source / "meta/esc50.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            if row["esc10"].lower() == "true":
                yield LABELS[row["category"]], f"{row['fold']}-{row['src_file']}-{row['take']}", source / "audio" / row["filename"]


def clips_of_esc10(source: Path):
    files = list(source.glob("[0-9][0-9][0-9] - */*.ogg"))
    if not files:
        raise SystemExit(
            f'{source}: expected folders such as "001 - Dog bark" (a clone of ESC-10) or meta/esc50.csv (one of ESC-50), got neither. '
            f"ESC-10's last commit has no recordings: git -C {source} checkout 553c8f1"
        )
    return ((file.parent.name[6:].lower(), file.stem, file) for file in files)


def digits(source: Path, folder: Path):
    for speaker in SPEAKERS:
        for digit in range(10):
            for take in range(TAKES):
                file = source / "recordings" / f"{digit}_{speaker}_{take}.wav"
                yield copied(file, folder, Path("digits") / speaker / f"{digit}-{take:02}.wav"), digit, speaker, take


def drums(packages: Path, folder: Path):
    for kit, licence in KITS.items():
        for label, file in hits(packages / "usr/share/hydrogen/data/drumkits" / kit):
            samples, rate = soundfile.read(file, always_2d=True)
            audio = Path("drums") / label.replace(" ", "-") / f"{kit}-{file.stem}.flac".lower().replace(" ", "-")
            save(folder / audio, resampled(samples.mean(axis=1), rate)[: MOST_SECONDS * RATE], RATE)
            yield audio, label, kit, licence


def hits(kit: Path):
    """Label and file of every layer of the instruments that have a label, each file once, in the order of the kit."""
    if not (kit / "drumkit.xml").exists():
        raise SystemExit(f"{kit / 'drumkit.xml'}: expected a kit of hydrogen-drumkits, got no such file. Unpack the package there with dpkg-deb -x.")
    files = {}
    for instrument in ElementTree.parse(kit / "drumkit.xml").iterfind(".//{*}instrument"):
        name = instrument.findtext("{*}name", "").lower()
        label = next((label for label, names in DRUMS.items() if re.search(names, name)), None)
        for file in (kit / layer.text for layer in instrument.iterfind(".//{*}filename") if label):
            if file.exists():  # a cowbell of Millo_MultiLayered2 is not in the package
                files.setdefault(file, label)
    return ((label, file) for file, label in files.items())


def resampled(samples: numpy.ndarray, rate: int) -> numpy.ndarray:
    """As FFmpeg does it if told nothing, by which the recipes' hits were made: a sinc to 0.97 of the band, 16 zeros on either side, in a Kaiser window."""
    divisor = gcd(rate, RATE)
    up, down = RATE // divisor, rate // divisor
    half = int(16 * max(up, down) / 0.97)
    window = firwin(2 * half + 1, 0.97 / max(up, down), window=("kaiser", 9))
    length = ceil(len(samples) * up / down - 0.334)  # where FFmpeg ends, by trial
    return resample_poly(samples, up, down, window=window, padtype="reflect")[:length]


def copied(file: Path, folder: Path, audio: Path) -> Path:
    if not file.exists():
        raise SystemExit(f"{file}: expected a recording, got no such file: is the clone complete?")
    (folder / audio).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, folder / audio)
    return audio


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("esc", type=Path, metavar="ESC-10", help="a clone of ESC-10 or ESC-50")
    parser.add_argument("fsdd", type=Path, metavar="FSDD", help="a clone of free-spoken-digit-dataset")
    parser.add_argument("packages", type=Path, metavar="PACKAGES", help="where hydrogen-drumkits is unpacked")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the sets go")
    parser.add_argument("--folds", nargs="+", choices=FOLDS, default=FOLDS[:4], metavar="FOLD", help="of ESC-10, 1 to 4 if not given")
    arguments = parser.parse_args()
    main(arguments.esc, arguments.fsdd, arguments.packages, arguments.folder, sorted(set(arguments.folds)))
