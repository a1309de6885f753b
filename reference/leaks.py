"""Lists recordings to train on that are, under another name, recordings that are held out.

    python reference/leaks.py FOLDER

FOLDER has the CSV files of `recipes/pal-smollm2-135m-more-kits.yaml`. Of every drum hit to train on and every one that is held out, the largest
normalised cross-correlation of their first seconds (of their differences, or all kick drums would be alike) is 1 where they are the same recording, however
it was cut or scaled. Those above LIKE are printed, the likest first, and make the exit status 1. The rest of the held-out recordings need no
such look: the folds of ESC-10 keep clips of one source together, and more digits are those of synthesizers.
"""

import csv
import sys
from pathlib import Path

import numpy
import soundfile
from scipy.signal import resample_poly

HELD_OUT = {"The Black Pearl 1.0", "rumpf_kit_z01_h2"}
SETS = ["drums.csv", "more-drums.csv", "sampled-drums.csv"]
RATE, SECONDS = 16000, 1
LIKE = 0.8


def main(folder: Path) -> int:
    drums = [(row, start(folder / row["audio"])) for name in SETS for row in csv.DictReader((folder / name).open())]
    held = [drum for drum in drums if drum[0]["kit"] in HELD_OUT]
    spectra = numpy.array([numpy.fft.rfft(samples, 2 * RATE * SECONDS) for _, samples in held])
    pairs = []
    for row, samples in drums:
        if row["kit"] in HELD_OUT:
            continue
        every_shift = numpy.fft.irfft(spectra * numpy.fft.rfft(samples, 2 * RATE * SECONDS).conj(), axis=1)
        likeness = numpy.abs(every_shift).max(axis=1)
        pairs.append((likeness.max(), row["audio"], held[likeness.argmax()][0]["audio"]))
    pairs.sort(reverse=True)
    leaks = [pair for pair in pairs if pair[0] > LIKE]
    for likeness, audio, other in leaks:
        print(f"{likeness:.3f}  {audio}  is like  {other}, which is held out")
    print(f"{len(leaks)} of {len(pairs)} recordings to train on are like one of {len(held)} held out; the likest of the others: {pairs[len(leaks)][0]:.3f}")
    return int(bool(leaks))


def start(path: Path) -> numpy.ndarray:
    """The first seconds at RATE, differenced, of length RATE · SECONDS and norm 1."""
    samples, rate = soundfile.read(path, always_2d=True)
    differences = numpy.diff(resample_poly(samples.mean(axis=1), RATE, rate)[: RATE * SECONDS], prepend=0)
    return numpy.pad(differences, (0, RATE * SECONDS - len(differences))) / numpy.linalg.norm(differences)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
