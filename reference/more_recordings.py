"""Renders drum hits and spoken digits of more kits and voices than the labelled sets have, from free soundfonts and synthesizers.

    apt-get install fluidsynth fluid-soundfont-gm musescore-general-soundfont timgm6mb-soundfont opl3-soundfont \
        csound-soundfont hydrogen-data lmms-common freepats exadrums espeak-ng flite asterisk-core-sounds-en-wav
    python reference/more_recordings.py FOLDER

FOLDER gets `more-drums.csv` (soundfonts: audio, label, kit), `sampled-drums.csv` (recordings of single hits: the same) and `more-digits.csv`
(audio, digit, speaker) beside the recordings, 16 kHz and 8 kHz mono.
All packages are Debian's; their licences lie in /usr/share/doc. The evaluation holds out kits of hydrogen-drumkits, so it is not read, nor
is what has the same recordings under another name: GMRockKit of hydrogen-data is The Black Pearl, and so are hand clap, closed and pedal hi-hat of Red
Zeppelin in avldrums (`reference/leaks.py` finds such). Of hits that are the same within 1/256 of full scale one is kept, and of keys that a
kit leaves silent none.
"""

import csv
import hashlib
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import soundfile
from scipy.signal import resample_poly

SOUNDFONTS = [
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/sounds/sf2/OPL-3_FM_128M.sf2",
    "/usr/share/sounds/sf2/sf_GMbank.sf2",
    "/usr/share/sounds/sf3/MuseScore_General_Full.sf3",
]

# General MIDI's percussion (MIDI 1.0, General MIDI level 1), where it has one of the labels.
DRUMS = {
    "kick drum": [35, 36],
    "side stick": [37],
    "snare drum": [38, 40],
    "hand clap": [39],
    "tom": [41, 43, 45, 47, 48, 50],
    "closed hi-hat": [42],
    "pedal hi-hat": [44],
    "open hi-hat": [46],
    "crash cymbal": [49, 57],
    "ride cymbal": [51, 59],
    "tambourine": [54],
    "cowbell": [56],
}
OTHER_KEYS = {48, 56, 57, 59, 95, 96, 127}  # orchestra, effects, marching bands and the CM-64: their keys mean something else
VELOCITIES = [45, 80, 115]
SECONDS_APART = 4

# Folder, kit and how the file's name begins, for hits that lie each in a file of its own.
HYDROGEN, LMMS, EXADRUMS = Path("/usr/share/hydrogen/data/drumkits"), Path("/usr/share/lmms/samples/drums"), Path("/usr/share/exadrums")
FILES = {
    (HYDROGEN / "TR808EmulationKit", "TR808EmulationKit"): {
        "kick drum": ["808_Kick_"], "snare drum": ["808_Snare_"], "hand clap": ["808_Clap"], "tom": ["808_Tom_"], "closed hi-hat": ["808_Hat_Closed"],
        "pedal hi-hat": ["808_Hat_Pedal"], "open hi-hat": ["808_Hat_Open"], "cowbell": ["808_Cowbell"],
    },
    (LMMS, "LMMS"): {  # kick04 is not a file that libsndfile can read
        "kick drum": ["bassdrum", "kick01", "kick02", "kick03", "kick_"], "side stick": ["sidestick", "rim"], "snare drum": ["snare"], "hand clap": ["clap"], "tom": ["tom"],
        "closed hi-hat": ["hihat_closed"], "pedal hi-hat": ["hihat_foot_pedal"], "open hi-hat": ["hihat_opened"], "crash cymbal": ["crash"],
        "ride cymbal": ["ride"],
    },
    (EXADRUMS, "eXaDrums"): {
        "kick drum": ["BD_"], "snare drum": ["Snr_"], "tom": ["Tom"], "closed hi-hat": ["HiHat"], "crash cymbal": ["Crash_"], "ride cymbal": ["Ride"],
    },
}  # fmt: skip
FREEPATS = Path("/usr/share/midi/freepats/Drum_000")

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
ACCENTS = ["en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029", "en-us-nyc"]
VARIANTS = [
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "adam", "Alex", "Andy", "david", "Denis", "Diogo",
    "ed", "Gene", "Hugo", "iven", "john", "Lee", "Linda", "Michael", "Mike", "paul", "rob", "robert", "steph", "Annie", "belinda", "klatt", "klatt4",
]  # fmt: skip
FLITE = ["awb", "kal16", "rms", "slt"]
ASTERISK = Path("/usr/share/asterisk/sounds/en_US_f_Allison/digits")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "more-drums.csv", ["audio", "label", "kit"], drums(folder))
    write(folder / "sampled-drums.csv", ["audio", "label", "kit"], sampled_drums(folder))
    write(folder / "more-digits.csv", ["audio", "digit", "speaker"], digits(folder))


def write(path: Path, head: list[str], rows) -> None:
    seen = set()
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(head)
        for row in rows:
            assert row[0] not in seen, f"two recordings would be {row[0]}"
            seen.add(row[0])
            table.writerow(row)
    print(f"{path}: {len(seen)} recordings", file=sys.stderr)


def drums(folder: Path):
    seen: set[bytes] = set()
    for soundfont in map(Path, SOUNDFONTS):
        for channel, program, kit in percussion(soundfont):
            hits = [(label, key, velocity) for label, keys in DRUMS.items() for key in keys for velocity in VELOCITIES]
            audio = rendered(soundfont, channel, program, [(key, velocity) for _, key, velocity in hits])
            for index, (label, key, velocity) in enumerate(hits):
                hit = trimmed(audio[index * SECONDS_APART * 16000 : (index + 1) * SECONDS_APART * 16000])
                if hit is None or (digest := hashlib.sha256(numpy.round(hit * 256).astype(numpy.int16)).digest()) in seen:
                    continue
                seen.add(digest)
                name = f"{soundfont.stem} {program}"
                audio_path = Path("more-drums") / label.replace(" ", "-") / f"{name.replace(' ', '-')}-{key}-{velocity}.flac".lower()
                save(folder / audio_path, hit, 16000)
                yield audio_path, label, f"{name} {kit}"


def sampled_drums(folder: Path):
    for label, kit, name, samples, rate in [*hits_of_files(), *hits_of_patches()]:
        audio_path = Path("sampled-drums") / label.replace(" ", "-") / f"{kit}-{name}.flac".lower()
        hit = trimmed(resampled(samples, rate, 16000))
        assert hit is not None, f"{kit}/{name} is silent"
        save(folder / audio_path, hit[: SECONDS_APART * 16000], 16000)
        yield audio_path, label, kit


def hits_of_files():
    for (kit_folder, kit), labels in FILES.items():
        files = sorted(kit_folder.iterdir())
        for label, beginnings in labels.items():
            for file in (file for file in files if file.name.startswith(tuple(beginnings)) and file.suffix in {".wav", ".flac", ".ogg"}):
                samples, rate = soundfile.read(file, always_2d=True)
                yield label, kit, file.stem, samples.mean(axis=1), rate


def hits_of_patches():
    """The first sample of each patch, as it was recorded: headers of 239 and 96 bytes (Gravis UltraSound patch, GF1PATCH110)."""
    for label, keys in DRUMS.items():
        for file in (file for key in keys for file in FREEPATS.glob(f"{key:03}_*.pat")):
            data = file.read_bytes()
            size, rate, modes = (struct.unpack_from(form, data, 239 + at)[0] for form, at in [("<I", 8), ("<H", 20), ("<B", 55)])
            assert data.startswith(b"GF1PATCH110") and modes & 1, f"{file}: expected a patch of 16 bits"
            samples = numpy.frombuffer(data, "<i2" if not modes & 2 else "<u2", size // 2, 239 + 96).astype(numpy.float64)
            yield label, "FreePats", file.stem, (samples - (32768 if modes & 2 else 0)) / 32768, rate


def percussion(soundfont: Path):
    """Channel, program and name of each kit of bank 128, by the headers of presets (SoundFont 2.04, section 7.2)."""
    data = soundfont.read_bytes()
    at = data.rindex(b"phdr")
    (size,) = struct.unpack_from("<I", data, at + 4)
    presets = [struct.unpack_from("<20sHH", data, at + 8 + offset) for offset in range(0, size, 38)]
    kits = [(9, program, text(name)) for name, program, bank in presets[:-1] if bank == 128 and program not in OTHER_KEYS]
    return sorted(kits) or [(0, program, text(name)) for name, program, _ in presets[:1]]  # one kit alone stands anywhere


def text(name: bytes) -> str:
    return name.split(b"\0")[0].decode("latin1").strip()


def rendered(soundfont: Path, channel: int, program: int, notes: list[tuple[int, int]], held: float = 0.25) -> numpy.ndarray:
    """Samples at 16 kHz of `notes` (key, velocity), SECONDS_APART from each other and each held for so many seconds."""
    ticks = 480  # a quarter, at 120 to the minute: half a second
    on = int(2 * ticks * held)
    events = b"\x00" + bytes([0xC0 | channel, program])
    for index, (key, velocity) in enumerate(notes):
        events += length(2 * ticks * SECONDS_APART - on if index else 0) + bytes([0x90 | channel, key, velocity])
        events += length(on) + bytes([0x80 | channel, key, 0])
    events += length(2 * ticks * SECONDS_APART) + b"\xff\x2f\x00"
    with tempfile.TemporaryDirectory() as scratch:
        midi, wav = Path(scratch) / "hits.mid", Path(scratch) / "hits.wav"
        midi.write_bytes(b"MThd" + struct.pack(">IHHH", 6, 0, 1, ticks) + b"MTrk" + struct.pack(">I", len(events)) + events)
        quiet = ["-o", "synth.reverb.active=0", "-o", "synth.chorus.active=0", "-o", "synth.gain=0.6"]
        run("fluidsynth", "-ni", *quiet, "-r", "48000", "-T", "wav", "-F", wav, soundfont, midi)
        samples, rate = soundfile.read(wav)
    return resampled(samples.mean(axis=1), rate, 16000)


def length(value: int) -> bytes:
    """A number of variable length (Standard MIDI Files 1.0)."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(0x80 | (value & 0x7F))
    return bytes(reversed(parts))


def digits(folder: Path):
    def spoken(speaker: str, digit: int, samples: numpy.ndarray, rate: int):
        word = trimmed(resampled(samples, rate, 8000), tail=0.002)
        path = Path("more-digits") / speaker.lower().replace(" ", "-") / f"{digit}.wav"
        save(folder / path, word, 8000)
        return path, digit, speaker

    with tempfile.TemporaryDirectory() as scratch:
        wav = Path(scratch) / "word.wav"
        for index, variant in enumerate(VARIANTS):
            for turn in range(2):
                accent = ACCENTS[(index + 3 * turn) % len(ACCENTS)]
                rate, pitch = 120 + (37 * index + 60 * turn) % 90, 30 + (23 * index + 17 * turn) % 45
                for digit, word in enumerate(WORDS):
                    run("espeak-ng", "-v", f"{accent}+{variant}", "-s", rate, "-p", pitch, "-w", wav, word)
                    yield spoken(f"espeak {accent} {variant}", digit, *soundfile.read(wav))
        for voice in FLITE:
            for digit, word in enumerate(WORDS):
                run("flite", "-voice", voice, "-t", word, "-o", wav)
                yield spoken(f"flite {voice}", digit, *soundfile.read(wav))
    for digit in range(10):
        yield spoken("asterisk allison", digit, *soundfile.read(ASTERISK / f"{digit}.wav"))


def trimmed(samples: numpy.ndarray, tail: float = 0.001) -> numpy.ndarray | None:
    """Without what is below `tail` of the peak before and after; nothing for silence."""
    peak = numpy.abs(samples).max()
    if peak < 1e-3:
        return None
    (loud,) = numpy.nonzero(numpy.abs(samples) > peak * tail)
    return samples[loud[0] : loud[-1] + 1] / peak * 0.5


def resampled(samples: numpy.ndarray, rate: int, to: int) -> numpy.ndarray:
    return resample_poly(samples, to, rate)


def save(path: Path, samples: numpy.ndarray, rate: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype="PCM_16")


def run(*command) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
