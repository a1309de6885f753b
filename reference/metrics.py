"""Writes src/eval/metrics/fixtures/: what the metrics' reference implementations make of some hundred strings.

    python reference/metrics.py

pycocoevalcap's tokenizer needs Java, on PATH. MMAU's and MMAR's scorer is no package: give its evaluation.py
(github.com/Sakshi113/MMAU at 110127f) as the argument, or its fixture is left as it is. Also writes
src/eval/metrics/spellings.ts, Whisper's list of British spellings.
"""

import importlib.util
import json
import random
import sys
import textwrap
from importlib.resources import files
from pathlib import Path

import jiwer
import numpy as np
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
from sklearn.metrics import average_precision_score
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

METRICS = Path(__file__).resolve().parent.parent / "src/eval/metrics"
FIXTURES = METRICS / "fixtures"
RANDOM = random.Random(1)

SOUNDS = (
    "a dog barks|birds chirp|rain falls on a tin roof|a man speaks|a woman's voice echoes|children don't stop laughing|"
    "water drips|an engine idles|a high-pitched siren wails|someone isn't typing|a train passes|wind blows|"
    "a door creaks open|people can't hear it|music plays at 3:30 p.m.|a U.S. flag flaps|an R&B song starts|"
    "the crowd's cheering|a car won't start|2 bells ring"
).split("|")
JOINTS = " and | while |, then |; |, followed by | as | - | (in the distance), |... ".split("|")


def caption() -> str:
    parts = RANDOM.sample(SOUNDS, RANDOM.randint(1, 3))
    text = parts[0]
    for part in parts[1:]:
        text += RANDOM.choice(JOINTS) + part
    return RANDOM.choice([text, text.capitalize(), text.capitalize() + ".", text.upper()])


PROSE = """\
He said "it's cannot-miss" and isn't gonna leave; they've 'til 5 p.m.
Dr. Smith's dog (a 2-year-old) barks at 3.5 kHz, 50% louder than Mrs. Jones'.
“Curly” quotes, ‘single’ ones, and it’s the man’s voice… then—silence -- again.
Vroom-vroom!! What?! Beep, beep, beep... click/clack and/or tick-tock w/o pause
She'll say: "I'd wanna go, I'm gotta gimme lemme 'cause 'tis late"
At&t rock & roll, R&B and AT&T; #1 song costs $5.00 or £3 or €2
A 44.1kHz file, 1980's and 1990s music, the '80s, 24/7, 1/2 or ½ full
Shouldn't've oughtn't needn't mightn't ain't daren't mustn't
[music] {noise} <unk> *sigh* _thud_ 100dB 20°C café naïve
U.S.A. e.g. this, i.e. that, etc. vs. them. No. 5 and no. Then more
A man talks,then a dog barks.Then nothing
O'Brien o'clock ma'am y'all rock 'n' roll d'oh
""".splitlines()


def captions() -> dict:
    corpus = []
    for _ in range(24):
        references = [caption() for _ in range(RANDOM.randint(1, 5))]
        answer = RANDOM.choice([caption(), RANDOM.choice(references).lower(), references[0] + " and " + caption(), ""])
        corpus.append({"answer": answer, "references": references})
    corpus += [{"answer": RANDOM.choice(PROSE), "references": [line]} for line in PROSE]
    tokenizer = PTBTokenizer()
    numbered = dict(enumerate(corpus))
    wanted = tokenizer.tokenize({i: [{"caption": text} for text in one["references"]] for i, one in numbered.items()})
    # A caption of no words is a line that PTBTokenizer does not print at the end: it goes first.
    given = tokenizer.tokenize({i: [{"caption": one["answer"] or "."}] for i, one in numbered.items()})
    bleu, _ = Bleu(4).compute_score(wanted, given, verbose=0)
    rouge, rouges = Rouge().compute_score(wanted, given)
    cider, ciders = Cider().compute_score(wanted, given)
    texts = sorted({text for one in corpus for text in (*one["references"], one["answer"]) if text} | set(PROSE))
    tokens = tokenizer.tokenize({i: [{"caption": text}] for i, text in enumerate(texts)})
    return {
        "cases": corpus,
        "bleu": bleu,
        "rougeL": {"mean": rouge, "each": rouges.tolist()},
        "ciderD": {"mean": cider, "each": ciders.tolist()},
        "words": [[text, tokens[i][0]] for i, text in enumerate(texts)],
    }


SPOKEN = """\
Hello, World!|[noise] Mr. Smith (laughs) won't go.|I'd've gone; she's been there, they're here.|uh um I hmm don't know
twenty one|two hundred and five|one oh one|nineteen eighty four|twenty twenty|three point one four|zero point five
five dollars|two dollars and seven cents|fifty percent|ten per cent|ten per hour|minus three|plus size|negative five
two and a half|a year and a half|one and a half million|two point five million|three thousand four hundred|double oh seven
triple five|double trouble|the first of may|twenty first century|the sixties|thirds|hundreds of thousands|two hundredth
$20 million|£5.50|1,234,567|3.0 and 4.50|10:30 a.m.|1960s|274th|32 nd|1 st|route 66|a1b2|$0.05|€ 5|5%|a % b|.5|3.
the colour of the theatre's organised behaviour|travelling to the centre|grey aluminium|programme cheque jewellery
I won't, can't, let's, ain't, y'all wanna gonna gotta kinda sorta dunno|ma'am i'ma imma woulda coulda shoulda 'cause
dr. st. prof. capt. gov. gen. sen. rep. jr. sr. esq. lt. col.|he'd been he's gone it's done she's got|o'clock o'Brien
naïve café Ærø straße łódź Þór đ ð|ＦＵＬＬ ｗｉｄｔｈ １２３|½ x² ℃ ™|日本語 テスト|Привет, мир!|नमस्ते दुनिया|مرحبا بالعالم|한국어
one|ones|one hundred one|eleven hundred|twelve hundred and six|sixty six sixes|thirteen|point|point five|and|and one|five and six
one two three|twelve thirteen|twenty thirty forty|five hundred thousand|one million two hundred thousand and one|oh|o zero
decillion|one hundred billion trillion|three hundred and|hundred and one|a hundred|thousand dollars|dollar|one cent|ten pounds
a million point two|six point|minus|minus two point five million|192.168.0.1|one point two point three|5 and 7|5 point 7
four fifths|twenty fifth|ninety ninth|one thousandth|million millionth|zeroth|twelfth night|double|triple double|double one oh
<i>tag</i> [ ( ] ) text|  spaces \t tabs  |it 's a dog 's life|'quoted'|rock 'n' roll|a-b_c d/e|e-mail @ home #1|mm mhm mmm
the £ sign and $ sign 5$ 5£|hundreds|thousand and one nights|0|00|0 million|zero million|007|1|1s|11|1.0 1.5|5 hundred|3 dozen
""".replace("\n", "|").strip("|").split("|")
NUMBER_WORDS = (
    "one two three five nine ten eleven fifteen twenty thirty ninety hundred thousand million oh zero point and double "
    "triple minus dollars cents percent per cent first third twenties fifth hundredth thousands a half 5 12 3.5 $7 200 dogs"
).split()


def spoken() -> list[str]:
    made = [" ".join(RANDOM.choices(NUMBER_WORDS, k=RANDOM.randint(2, 7))) for _ in range(400)]
    return [*SPOKEN, *PROSE, *[caption() for _ in range(20)], *made]


def transcripts() -> dict:
    basic, english = BasicTextNormalizer(), EnglishTextNormalizer()
    texts = spoken()
    pairs = [(text, distort(text)) for text in RANDOM.sample(texts, 60)]
    rates = {}
    for name, normalize in ("plain", lambda text: text), ("basic", basic), ("english", english):
        said, heard = [normalize(a) for a, _ in pairs], [normalize(b) for _, b in pairs]
        rates[name] = {
            "wer": jiwer.wer(said, heard),
            "cer": jiwer.cer(said, heard),
            "each": [[jiwer.wer(a, b), jiwer.cer(a, b)] for a, b in zip(said, heard) if a.strip()],
        }
    return {
        "normalized": [[text, basic(text), english(text)] for text in texts],
        "pairs": [{"reference": a, "answer": b} for a, b in pairs],
        "rates": rates,
    }


def distort(text: str) -> str:
    words = [word for word in text.split() if RANDOM.random() > 0.15]
    words = [RANDOM.choice([word, word, word, word[::-1], word + " the"]) for word in words]
    return " ".join(words)


def tags() -> dict:
    generator = np.random.default_rng(1)
    truth = generator.random((40, 6)) < 0.3
    scores = np.round(generator.random((40, 6)) * 0.6 + truth * 0.3, 1)  # Rounded, for many equal ones.
    each = average_precision_score(truth, scores, average=None)
    labels = [f"label {i}" for i in range(6)]
    cases = [
        {"labels": [label for label, is_true in zip(labels, t) if is_true], "scores": dict(zip(labels, s.tolist()))}
        for t, s in zip(truth, scores)
    ]
    return {"cases": cases, "mean": average_precision_score(truth, scores, average="macro"), "each": each.tolist()}


CHOICES = [
    (["Man", "Woman", "Child", "Robot"], "Woman"),
    (["Happy to sad", "Sad to happy", "Calm", "Angry to calm"], "Happy to sad"),
    (["C", "C#", "D", "A"], "C#"),
    (["A dog barking", "A cat meowing", "Dog and cat", "Birds"], "A dog barking"),
    (["3/4", "4/4", "6/8", "5/4"], "4/4"),
    (["Yes", "No"], "No"),
    (["一", "二"], "二"),
    (["Don't know", "Knock-knock", "Naïve café", "O'Brien"], "O'Brien"),
]


def choices(scorer: Path) -> list:
    spec = importlib.util.spec_from_file_location("mmau", scorer)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cases = []
    for options, expected in CHOICES:
        said = [*options, *"ABCD", "(B)", "B. " + options[1], "", "!", "I hear " + expected.lower(), expected + " twice"]
        said += [f"{options[0]} or {options[1]}", f"not {expected}", " ".join(reversed(expected.split())), "A dog is barking"]
        for answer in said:
            right = module.string_match(expected, answer, options)
            cases.append({"answer": answer, "expected": expected, "choices": options, "right": right})
    return cases


def spellings() -> str:
    pairs = json.loads(files("whisper_normalizer").joinpath("normalizers/english.json").read_text())
    lines = textwrap.wrap(" ".join(f"{a}:{b}" for a, b in pairs.items() if " " not in a), 108, break_on_hyphens=False)
    return (
        "/**\n * British spellings and the American ones of the same words, as Whisper's normaliser has them (openai/whisper,\n"
        " * whisper/normalizers/english.json; MIT License, Copyright (c) 2022 OpenAI). Written by reference/metrics.py.\n */\n"
        "export const spellings = `\n" + "\n".join(lines) + "\n`\n"
    )


def write(name: str, value) -> None:
    target = FIXTURES / f"{name}.json"
    target.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB", file=sys.stderr)


def main() -> None:
    FIXTURES.mkdir(exist_ok=True)
    write("captions", captions())
    write("transcripts", transcripts())
    write("tags", tags())
    if len(sys.argv) > 1:
        write("choices", choices(Path(sys.argv[1])))
    (METRICS / "spellings.ts").write_text(spellings())


if __name__ == "__main__":
    main()
