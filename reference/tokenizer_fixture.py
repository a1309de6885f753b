"""Writes src/text/tokenizer-reference.test.fixtures.ts: what the Hugging Face libraries make of our tokenizer.

    npm run build && pip install tokenizers transformers && python reference/tokenizer_fixture.py

The tokenizer is the one of our tests, trained and written by us; the ids are theirs.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from transformers import AutoTokenizer

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist").resolve()
TARGET = ROOT / "src/text/tokenizer-reference.test.fixtures.ts"

TEXTS = [
    "",
    " ",
    "What do you hear?",
    "It's the dog's; they're I'm we've she'll he'd DON'T Can'T 's't",
    "  two  spaces   three    four \t tabs\t\t\n\nlines\r\n  end  ",
    "no\u00a0break\u2003em\u3000ideographic\u2028line\u0085next\u0085\u0085x \u0085 y\u180emongolian\u200bzero",
    "\ufeffbom \ufeff\ufeff x\ufeff",
    "0 1 12 123 1234567890 ½ ² Ⅳ ٣ १२ 3.14 1,000",
    "🐕 🐕‍🦺 👩🏽‍🚒🇩🇪 e\u0301 é \ufb01 ﷽ Z̷̢͎a̸lgo",
    "Собака лает 犬が吠える 개가 짖는다 كلب ينبح כלב नमस्ते ไทย ელ",
    "mixedСмешанный混合mix123混4ß",
    "!!!...???---___***((([[[{{{<<<>>>}}}]]])))~~~```'''\"\"\"",
    "<|end|> <|user|>hello<|end|><|assistant|> <|en d|> <|end|",
    "\u0000\u0001\u001c\u001f\u007f\u0080\u009f\u00ad\ufffd\U0010fffd\U0010fffd\U00100000\ue000",
    "a" * 700 + " " + "abc" * 300 + " " + "ß" * 90 + " " * 130 + "end",
    "def f(x):\n    return {'a': [1, 2], \"b\": None}\n\n\n\n",
]


def random_text(generator: random.Random) -> str:
    alphabet = "  \n\t\u00a0\u0085'stredlvmabc12é犬🐕.,<|>end"
    return "".join(generator.choice(alphabet) for _ in range(generator.randrange(1, 60)))


CONVERSATION = [
    {"role": "system", "content": "Answer shortly."},
    {"role": "user", "content": "What is\nthat? "},
    {"role": "assistant", "content": "  A dog. 🐕"},
    {"role": "user", "content": "How many?"},
    {"role": "assistant", "content": "12"},
]


def main() -> None:
    generator = random.Random(7)
    texts = TEXTS + [random_text(generator) for _ in range(60)]
    with tempfile.TemporaryDirectory() as folder:
        module = BUILD / "text/text.test.fixtures.js"
        script = f"import({json.dumps(module.as_uri())}).then((m) => m.writeExampleTokenizer({json.dumps(folder)}))"
        subprocess.run(["node", "-e", script], check=True)
        special = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        literal = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        literal.encode_special_tokens = True
        digits = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        digits.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
        chat = AutoTokenizer.from_pretrained(folder)

    cases = []
    for text in texts:
        ids = literal.encode(text, add_special_tokens=False).ids
        case = {"text": text, "ids": ids}
        parsed = special.encode(text, add_special_tokens=False).ids
        if parsed != ids:
            case["specialIds"] = parsed
        by_digits = digits.encode(text, add_special_tokens=False).ids
        if by_digits != parsed:
            case["digitIds"] = by_digits
        cases.append(case)
    conversation = {
        "messages": CONVERSATION,
        "ids": chat.apply_chat_template(CONVERSATION, tokenize=True, return_dict=False),
        "promptIds": chat.apply_chat_template(
            CONVERSATION[:-1], tokenize=True, return_dict=False, add_generation_prompt=True
        ),
        "eosId": chat.eos_token_id,
        "size": len(chat),
    }
    TARGET.write_text(
        "// Written by reference/tokenizer_fixture.py\n"
        "export const cases: readonly { text: string; ids: number[]; specialIds?: number[]; digitIds?: number[] }[] = "
        + json.dumps(cases)
        + "\n\nexport const conversation = "
        + json.dumps(conversation)
        + " as const\n"
    )


if __name__ == "__main__":
    main()
