"""Gathers animals, everyday sounds and musical instruments from free packages, for a model that knows more than the labelled sets have.

    apt-get download scratch tuxpaint-stamps-default gcompris-qt-data supertuxkart-data wesnoth-1.16-data sonic-pi-samples
    for package in *.deb; do dpkg-deb -x $package PACKAGES; done
    for name in bass-electric bassoon cello clarinet flute french-horn guitar-acoustic guitar-electric guitar-nylon harp organ piano saxophone \\
        trombone trumpet tuba violin xylophone; do npm pack tonejs-instrument-$name-mp3; done
    for archive in tonejs-*.tgz; do mkdir -p PACKAGES/tonejs/$archive; tar xzf $archive -C PACKAGES/tonejs/$archive; done
    apt-get install fluidsynth fluid-soundfont-gm musescore-general-soundfont timgm6mb-soundfont csound-soundfont
    python reference/everyday_recordings.py PACKAGES FOLDER

FOLDER gets three tables of audio, label, package and recording beside the recordings, 16 kHz mono:

- `everyday.csv`: animals, people, machines, each label in as many recordings as the packages have; long ones in several pieces;
- `instruments.csv`: notes of soundfonts, and recorded ones (tonejs, gcompris);
- `unheard.csv`: labels that are in neither of the other tables, for asking a model about what it was never trained on.

The packages of Debian are under the GPL, Creative Commons Attribution(-ShareAlike) or public domain, as each says in its copyright file; the
notes of tonejs-instrument are CC BY 3.0 (nbrosowsky/tonejs-instruments), their packages MIT.
"""

import struct
import sys
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy
import soundfile
from more_recordings import SECONDS_APART, rendered, resampled, save, trimmed, write

RATE = 16000
PIECE_SECONDS, MOST_PIECES, SHORTEST = 4, 4, 0.05

SCRATCH, STAMPS, KARTS = "usr/share/scratch/Media/Sounds", "usr/share/tuxpaint/stamps", "usr/share/games/supertuxkart/data"
WESNOTH, SONIC_PI = "usr/share/games/wesnoth/1.16/data/core/sounds", "usr/share/sonic-pi/samples"
FARM = "explore_farm_animals.rcc:/gcompris/gcompris/src/activities/explore_farm_animals/resource/animals"
MEMORY = "memory-sound.rcc:/gcompris/gcompris/src/activities/memory-sound/resource"
PLAYED = "instruments.rcc:/gcompris/gcompris/src/activities/instruments/resource"
ANIMALS = f"{STAMPS}/animals"

# Label by label, the files that are recordings of it. A tiger counts as a lion and a hornet as a bee, as AudioSet counts them.
EVERYDAY = {
    "cat": [f"{SCRATCH}/Animal/Cat.mp3", f"{SCRATCH}/Animal/Meow.wav", f"{SCRATCH}/Animal/Kitten.wav", f"{STAMPS}/seasonal/halloween/blackcat.ogg", f"{FARM}/cat.ogg"],
    "cow": [f"{ANIMALS}/mammals/bovines/cow.ogg", f"{ANIMALS}/mammals/bovines/bull.ogg", f"{KARTS}/tracks/black_forest/cow.ogg", f"{FARM}/cow.ogg"],
    "horse": [f"{ANIMALS}/mammals/equines/horse.ogg", f"{SCRATCH}/Animal/Horse.wav", f"{WESNOTH}/horse-hit-1.ogg", f"{WESNOTH}/horse-die.ogg", f"{FARM}/horse.ogg"],
    "horse galloping": [f"{SCRATCH}/Animal/HorseGallop.wav", f"{WESNOTH}/horse-canter.wav", f"{WESNOTH}/horse-elf-canter.wav"],
    "goat": [f"{ANIMALS}/mammals/bovines/goat.ogg", f"{ANIMALS}/mammals/bovines/mountaingoat.ogg"],
    "pig": [f"{ANIMALS}/mammals/pig.ogg", f"{FARM}/pig.ogg"],
    "donkey": [f"{ANIMALS}/mammals/equines/donkey.ogg"],
    "elephant": [f"{ANIMALS}/mammals/elephant.ogg"],
    "lion": [f"{ANIMALS}/mammals/cats/lion.ogg", f"{ANIMALS}/mammals/cats/tiger.ogg"],
    "wolf": [f"{SCRATCH}/Animal/WolfHowl.wav"],
    "monkey": [f"{ANIMALS}/mammals/apes/chimp.ogg"],
    "sea lion": [f"{SCRATCH}/Animal/SeaLion.mp3", f"{ANIMALS}/mammals/aquatic/sea_lion.ogg"],
    "dolphin": [f"{ANIMALS}/mammals/aquatic/dolphin.ogg"],
    "mouse": [f"{ANIMALS}/mammals/rodents/mouse.ogg"],
    "duck": [f"{ANIMALS}/birds/duck.ogg", f"{ANIMALS}/birds/drake.ogg", f"{SCRATCH}/Animal/Duck.wav", f"{FARM}/duck.ogg"],
    "goose": [f"{SCRATCH}/Animal/Goose.wav", f"{ANIMALS}/birds/gander.ogg"],
    "chicken": [f"{ANIMALS}/birds/hen.ogg", f"{FARM}/chickens.ogg"],
    "turkey": [f"{ANIMALS}/birds/turkey.ogg"],
    "crow": [f"{ANIMALS}/birds/crow.ogg", f"{SONIC_PI}/misc_crow.flac"],
    "seagull": [f"{ANIMALS}/birds/seagull.ogg"],
    "cuckoo": [f"{ANIMALS}/birds/cuckoo.ogg"],
    "bird singing": [f"{SCRATCH}/Animal/Bird.wav", f"{ANIMALS}/birds/lark.ogg", f"{ANIMALS}/birds/blackbird.ogg", f"{KARTS}/sfx/exotic-birds.ogg", f"{WESNOTH}/ambient/birds1.ogg", f"{WESNOTH}/ambient/birds2.ogg", f"{WESNOTH}/ambient/birds3.ogg"],
    "frog": [f"{ANIMALS}/amphibians/frog.ogg", f"{MEMORY}/LRFrogsInPondDuringStormLACut.ogg"],
    "bee": [f"{ANIMALS}/insects/bee.ogg", f"{ANIMALS}/insects/hornet.ogg"],
    "mosquito": [f"{ANIMALS}/insects/mosquito.ogg"],
    "someone laughing": [f"{SCRATCH}/Human/Laugh-female.wav", f"{SCRATCH}/Human/Laugh-male1.wav", f"{SCRATCH}/Human/Laugh-male2.wav", f"{SCRATCH}/Human/Laugh-male3.mp3", f"{WESNOTH}/dwarf-laugh.wav"],
    "someone coughing": [f"{SCRATCH}/Human/Cough-female.wav", f"{SCRATCH}/Human/Cough-male.wav"],
    "someone screaming": [f"{SCRATCH}/Human/Scream-female.wav", f"{SCRATCH}/Human/Scream-male1.wav", f"{SCRATCH}/Human/Scream-male2.mp3", f"{KARTS}/sfx/WilhelmScream.ogg"],
    "someone singing": [f"{SCRATCH}/Vocals/Singer1.wav", f"{SCRATCH}/Vocals/Singer2.wav", f"{SCRATCH}/Vocals/Sing-me-a-song.mp3"],
    "people talking": [f"{SCRATCH}/Human/PartyNoise.wav"],
    "footsteps": [f"{SCRATCH}/Human/Footsteps-1.wav", f"{SCRATCH}/Human/Footsteps-2.mp3"],
    "finger snap": [f"{SCRATCH}/Human/FingerSnap.wav", f"{SONIC_PI}/perc_snap.flac", f"{SONIC_PI}/perc_snap2.flac"],
    "heartbeat": [f"{MEMORY}/LRHeart_beat_01_LA.ogg"],
    "audience applauding": [f"{MEMORY}/LRApplauses_1_LA_cut.ogg", "gm:126"],
    "thunder rumbling": [f"{STAMPS}/naturalforces/lightningbolt.ogg", f"{KARTS}/sfx/thunder.ogg"],
    "water running": [f"{SCRATCH}/Effects/WaterRunning.mp3", f"{KARTS}/sfx/river_loop.ogg", f"{KARTS}/sfx/waterfall_loop_2.ogg"],
    "bubbles": [f"{SCRATCH}/Effects/Bubbles.wav"],
    "water splashing": [f"{KARTS}/sfx/splash.ogg", f"{SCRATCH}/Effects/Plunge.wav"],
    "car engine": [f"{SCRATCH}/Effects/CarPassing.wav", f"{KARTS}/sfx/car_accel.ogg", f"{KARTS}/sfx/car_revup.ogg", f"{MEMORY}/LRStartAndStopCarEngine1LACut.ogg"],
    "motorcycle": [f"{SCRATCH}/Effects/MotorcyclePassing.wav"],
    "train": [f"{KARTS}/tracks/black_forest/steamLocomotive.ogg", f"{MEMORY}/LRTrain_slowing_down_01_LA_cut.ogg"],
    "aeroplane": [f"{KARTS}/sfx/airplane_jetEngine.ogg"],
    "tyres skidding": [f"{KARTS}/sfx/skid.ogg"],
    "explosion": [f"{KARTS}/sfx/explosion.ogg", f"{WESNOTH}/explosion.ogg"],
    "fireworks": [f"{STAMPS}/seasonal/newyears/fireworks.ogg", f"{KARTS}/sfx/fireworks_show.ogg"],
    "sword": [f"{WESNOTH}/sword-1.ogg", f"{WESNOTH}/dagger-swish.wav"],
    "hammer": [f"{STAMPS}/household/tools/hammer.ogg", f"{KARTS}/sfx/anvil.ogg", f"{KARTS}/sfx/hammer.ogg"],
    "hand saw": [f"{STAMPS}/household/tools/saw.ogg"],
    "door creaking": [f"{SCRATCH}/Effects/DoorCreak.wav", f"{MEMORY}/LRDoor_Open_2_LA.ogg"],
    "door closing": [f"{SCRATCH}/Effects/DoorClose.mp3", f"{SONIC_PI}/perc_door.flac"],
    "church bell": [f"{SCRATCH}/Effects/BellToll.wav"],
    "gong": [f"{SCRATCH}/Percussion/Gong.wav", f"{MEMORY}/LRBuddhist_gong_05_LA.ogg"],
    "sewing machine": [f"{SCRATCH}/Effects/SewingMachine.mp3"],
    "washing machine": [f"{STAMPS}/household/Washing-machine.ogg"],
    "toilet flushing": [f"{STAMPS}/household/toilet.ogg"],
    "kettle whistling": [f"{STAMPS}/household/kettle.ogg"],
    "rubber duck": [f"{STAMPS}/household/rubberduck.ogg"],
    "camera": [f"{STAMPS}/hobbies/camera_35mm.ogg"],
    "shaker": [f"{SCRATCH}/Percussion/Shaker.wav", f"{PLAYED}/maracas.ogg"],
    "beatboxing": [f"{SCRATCH}/Vocals/BeatBox1.wav", f"{SCRATCH}/Vocals/BeatBox2.wav"],
}  # fmt: skip

UNHEARD = {
    "sheep": [f"{ANIMALS}/mammals/bovines/sheep.ogg", f"{ANIMALS}/mammals/bovines/sheep_lamb.ogg", f"{KARTS}/tracks/scotland/sheep.ogg", f"{FARM}/sheep.ogg"],
    "owl": [f"{ANIMALS}/birds/owl.ogg", f"{SCRATCH}/Animal/Owl.wav", f"{FARM}/owl.ogg"],
    "cricket": [f"{SCRATCH}/Animal/Cricket.wav", f"{SCRATCH}/Animal/Crickets.wav", f"{ANIMALS}/insects/grasshopper.ogg"],
    "whale": [f"{ANIMALS}/mammals/aquatic/whale.ogg", f"{ANIMALS}/mammals/aquatic/orca.ogg"],
    "typing": [f"{SCRATCH}/Effects/Typing.mp3"],
    "vacuum cleaner": [f"{STAMPS}/household/vacuum_cleaner.ogg"],
    "fire engine": [f"{STAMPS}/vehicles/emergency/firetruck.ogg"],
    "car horn": [f"{KARTS}/sfx/horn.ogg"],
    "gunshot": [f"{WESNOTH}/gunshot.wav", f"{WESNOTH}/thunderstick.ogg", "gm:127"],
    "telephone": ["gm:124"],
    "didgeridoo": [f"{SCRATCH}/Instruments/Dijjeridoo.mp3"],
    "banjo": ["gm:105", f"{PLAYED}/banjo.ogg"],
    "harmonica": ["gm:22", f"{PLAYED}/harmonica.ogg"],
    "bagpipes": ["gm:109"],
}  # fmt: skip

# Programs of General MIDI, counted from 0, a range of keys, and the folders of tonejs-instrument and files of gcompris that play the same.
INSTRUMENTS = {
    "piano": ([0, 1], (36, 84), ["piano"], ["piano"]),
    "harpsichord": ([6], (41, 77), [], []),
    "glockenspiel": ([9], (79, 103), [], []),
    "music box": ([10], (67, 96), [], []),
    "xylophone": ([13], (65, 96), ["xylophone"], []),
    "organ": ([16, 19], (41, 77), ["organ"], ["organ"]),
    "accordion": ([21], (53, 84), [], ["accordion"]),
    "guitar": ([24, 25], (45, 74), ["guitar-acoustic", "guitar-nylon"], ["guitar"]),
    "electric guitar": ([27, 29, 30], (43, 74), ["guitar-electric"], ["electric_guitar"]),
    "bass guitar": ([33, 34], (28, 48), ["bass-electric"], []),
    "violin": ([40], (57, 88), ["violin"], ["violin"]),
    "cello": ([42], (38, 64), ["cello"], ["cello"]),
    "harp": ([46], (43, 86), ["harp"], ["harp"]),
    "trumpet": ([56], (55, 79), ["trumpet"], ["trumpet"]),
    "trombone": ([57], (41, 67), ["trombone"], ["trombone"]),
    "tuba": ([58], (29, 50), ["tuba"], ["tuba"]),
    "french horn": ([60], (43, 70), ["french-horn"], ["horn"]),
    "saxophone": ([64, 65, 66, 67], (46, 72), ["saxophone"], ["saxophone"]),
    "oboe": ([68], (60, 86), [], []),
    "bassoon": ([70], (36, 65), ["bassoon"], []),
    "clarinet": ([71], (52, 82), ["clarinet"], ["clarinet"]),
    "flute": ([73], (62, 91), ["flute"], ["flute_traversiere"]),
}  # fmt: skip
KEYS, SECONDS_HELD = 5, 1.5
SOUNDFONTS = [
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/sounds/sf2/sf_GMbank.sf2",
    "/usr/share/sounds/sf3/MuseScore_General_Full.sf3",
]
HEAD = ["audio", "label", "package", "recording"]


def main(packages: Path, folder: Path) -> None:
    write(folder / "everyday.csv", HEAD, everyday(packages, folder, "everyday", EVERYDAY))
    write(folder / "unheard.csv", HEAD, everyday(packages, folder, "unheard", UNHEARD))
    write(folder / "instruments.csv", HEAD, instruments(packages, folder))


def everyday(packages: Path, folder: Path, name: str, labels: dict[str, list[str]]):
    for label, files in labels.items():
        for file in files:
            if file.startswith("gm:"):
                yield from notes(folder, name, label, [int(file[3:])], (48, 72))
            else:
                samples, rate = opened(packages, file)
                package = "gcompris" if ".rcc:" in file else file.split("/")[3 if "/games/" in file else 2]
                yield from pieces(folder, name, label, package, f"{package}-{Path(file).stem}", samples, rate)


def instruments(packages: Path, folder: Path):
    for label, (programs, keys, recorded, gcompris) in INSTRUMENTS.items():
        yield from notes(folder, "instruments", label, programs, keys)
        for instrument in recorded:
            for file in sorted((packages / "tonejs").glob(f"tonejs-instrument-{instrument}-mp3-*.tgz/**/*.mp3")):
                yield from pieces(folder, "instruments", label, "tonejs", f"tonejs-{instrument}-{file.stem}", *soundfile.read(file, always_2d=True))
        for stem in gcompris:
            yield from pieces(folder, "instruments", label, "gcompris", f"gcompris-{stem}", *opened(packages, f"{PLAYED}/{stem}.ogg"))


def notes(folder: Path, name: str, label: str, programs: list[int], keys: tuple[int, int]):
    """Each program of each soundfont, over its keys; of keys that a soundfont leaves silent none."""
    for soundfont in map(Path, SOUNDFONTS):
        for program in programs:
            played = [round(keys[0] + (keys[1] - keys[0]) * index / (KEYS - 1)) for index in range(KEYS)]
            audio = rendered(soundfont, 0, program, [(key, 100) for key in played], SECONDS_HELD)
            for index, key in enumerate(played):
                note = trimmed(audio[index * SECONDS_APART * RATE : (index + 1) * SECONDS_APART * RATE], tail=0.01)
                if note is not None:
                    yield saved(folder, name, label, soundfont.stem, f"{soundfont.stem}-{program}-{key}", "", note)


def pieces(folder: Path, name: str, label: str, package: str, recording: str, samples: numpy.ndarray, rate: int):
    """The recording, or the first pieces of it where it is long, without a rest of less than half a piece."""
    sound = trimmed(resampled(samples.mean(axis=1), rate, RATE), tail=0.01)
    assert sound is not None and len(sound) >= SHORTEST * RATE, f"{recording} is silent"
    size = PIECE_SECONDS * RATE
    starts = range(0, max(1, len(sound) - size // 2), size)
    for index, start in enumerate(starts[:MOST_PIECES]):
        piece = trimmed(sound[start : start + size], tail=0.01)
        if piece is not None:
            yield saved(folder, name, label, package, recording, f"-{index}" if len(starts) > 1 else "", piece)


def saved(folder: Path, name: str, label: str, package: str, recording: str, suffix: str, samples: numpy.ndarray):
    path = Path(name) / label.replace(" ", "-") / f"{recording}{suffix}.flac".lower().replace(" ", "-")
    save(folder / path, samples, RATE)
    return path, label, package, recording


def opened(packages: Path, file: str) -> tuple[numpy.ndarray, int]:
    if ".rcc:" not in file:
        return soundfile.read(packages / file, always_2d=True)
    archive, name = file.split(":")
    return soundfile.read(BytesIO(resources(packages / "usr/share/gcompris-qt/rcc" / archive)[name]), always_2d=True)


@cache
def resources(archive: Path) -> dict[str, bytes]:
    """What a binary file of Qt's resource compiler holds, by name, stored or deflated (qresource.cpp)."""
    data = archive.read_bytes()
    assert data[:4] == b"qres"
    version, tree, contents, names = struct.unpack_from(">IIII", data, 4)
    size = 22 if version >= 2 else 14

    def walk(index: int, parent: str):
        name_at, flags = struct.unpack_from(">IH", data, tree + index * size)
        (length,) = struct.unpack_from(">H", data, names + name_at)
        name = data[names + name_at + 6 :][: 2 * length].decode("utf-16-be")
        path = f"{parent}/{name}" if name else parent
        first, second = struct.unpack_from(">II", data, tree + index * size + 6)
        if flags & 2:  # a folder: how many, and where the first is
            for child in range(second, second + first):
                yield from walk(child, path)
        else:
            (length,) = struct.unpack_from(">I", data, contents + second)
            content = data[contents + second + 4 :][:length]
            yield path, zlib.decompress(content[4:]) if flags & 1 else content

    return dict(walk(0, ""))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
