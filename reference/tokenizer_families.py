"""Writes src/text/fixtures: a small tokenizer of every family of language models, with the ids and chats of others.

    python reference/tokenizer_families.py

The tokenizers are trained here, on a few lines of text, with the normalizer, the regular expressions, the model and
the decoder of the family; ids are those of `tokenizers`, chats those of Transformers' `apply_chat_template`. The
templates are short ones that do what the families' own do.
"""

import json
import random
import shutil
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from tokenizer_fixture import TEXTS, random_text

TARGET = Path(__file__).resolve().parent.parent / "src/text/fixtures"
VOCABULARY = 450

CORPUS = [
    "What do you hear? It's a dog, barking. It isn't a cat; they're quiet, I'm sure, and we've heard none.",
    "How many times does the bell ring? The bell rings three times, then 12 more times, 345 in all, 2024.",
    "Was hörst du? Eine Tür, die quietscht, und größere Geräusche. ¿Qué oyes? Un niño que llora. e\u0301te\u0301",
    "Что ты слышишь? Собака лает. 何が聞こえますか。犬が吠えています。 كلب ينبح 🐕🐕‍🦺 👩🏽‍🚒 नमस्ते",
    'def listen(audio):\n    return [event for event in audio if event.label == "dog"]\r\n\r\n\n\n',
    "aaaa aaaaaaaa aaaaaaaaaaaaaaaa abcabcabc bcbcbc ababab DON'T WE'LL",
]

# The regular expressions of Llama 3 and Qwen2 (their tokenizer.json).
LLAMA_3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN_2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

CHAT_ML = """\
{%- for message in messages %}
    {%- if loop.first and message['role'] != 'system' %}
        {{- '<|im_start|>system\\nYou are helpful.<|im_end|>\\n' }}
    {%- endif %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
# Answers before the last question lose their thoughts, the last one always has some.
QWEN_3 = """\
{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(searching=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.searching and message.role == "user" and message.content is string %}
        {%- set ns.searching = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == "user" or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set thoughts = '' %}
        {%- if '</think>' in content %}
            {%- set thoughts = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or thoughts) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + thoughts.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
LLAMA_3_CHAT = """\
{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
INSTRUCTIONS = """\
{{- bos_token }}
{%- for message in messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
    {%- endif %}
    {%- if message['role'] == 'user' %}
        {{- '[INST] ' + message['content'] + ' [/INST]' }}
    {%- else %}
        {{- ' ' + message['content'] + eos_token }}
    {%- endif %}
{%- endfor %}
"""
TURNS = """\
{{- bos_token }}
{%- for message in messages %}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] %}
    {{- '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<start_of_turn>model\\n' }}
{%- endif %}
"""

ASKED = [{"role": "user", "content": "What do you hear?  "}]
TOLD = {"role": "assistant", "content": "A dog, barking 12 times. 🐕"}
ALONE = [ASKED, [*ASKED, TOLD], [*ASKED, TOLD, {"role": "user", "content": "Is it\nlouder?"}]]
WITH_SYSTEM = [*ALONE, *([{"role": "system", "content": "Be short. "}, *chat] for chat in ALONE)]

# Name: (tokenizer, special tokens, other added tokens, bos, eos, template, conversations)
CHAT_ML_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LLAMA_3_TOKENS = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
FAMILIES = {
    "llama-3": (lambda: byte_level(LLAMA_3), LLAMA_3_TOKENS, [], "<|begin_of_text|>", "<|eot_id|>", LLAMA_3_CHAT, WITH_SYSTEM),
    "qwen2": (lambda: byte_level(QWEN_2, normalizers.NFC()), CHAT_ML_TOKENS, [], None, "<|im_end|>", CHAT_ML, WITH_SYSTEM),
    "qwen3": (
        lambda: byte_level(QWEN_2, normalizers.NFC()),
        CHAT_ML_TOKENS,
        ["<think>", "</think>"],
        None,
        "<|im_end|>",
        QWEN_3,
        WITH_SYSTEM,
    ),
    "smollm2": (lambda: byte_level(None), CHAT_ML_TOKENS, [], "<|im_start|>", "<|im_end|>", CHAT_ML, WITH_SYSTEM),
    "llama-2": (lambda: byte_fallback(prefix=True), ["<unk>", "<s>", "</s>"], [], "<s>", "</s>", INSTRUCTIONS, ALONE),
    "gemma": (
        lambda: byte_fallback(prefix=False),
        ["<unk>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"],
        [],
        "<bos>",
        "<end_of_turn>",
        TURNS,
        ALONE,
    ),
}


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    for name, (make, special, added, bos, eos, template, conversations) in FAMILIES.items():
        folder = TARGET / name
        raw = trained(make(), special)
        raw.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
        raw.add_tokens([AddedToken(token, special=False, normalized=False) for token in added])
        if name == "llama-3":
            first = [(bos, raw.token_to_id(bos))]
            raw.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=first)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=raw,
            bos_token=bos,
            eos_token=eos,
            chat_template=template,
            clean_up_tokenization_spaces=False,
        )
        tokenizer.save_pretrained(folder)
        cases = [case(raw, text) for text in texts(special + added)]
        chats = [chat(tokenizer, messages) for messages in conversations]
        (folder / "expected.json").write_text(json.dumps({"cases": cases, "chats": chats}, indent=1) + "\n")
        sizes = {file.name: file.stat().st_size for file in folder.iterdir()}
        print(name, sizes, file=sys.stderr)


def byte_level(expression: str | None, normalizer=None) -> tuple[Tokenizer, dict]:
    tokenizer = Tokenizer(models.BPE(ignore_merges=expression == LLAMA_3))
    if normalizer:
        tokenizer.normalizer = normalizer
    words = (
        [pre_tokenizers.Split(Regex(expression), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        if expression
        else [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(words)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, {"initial_alphabet": sorted(pre_tokenizers.ByteLevel.alphabet())}


def byte_fallback(prefix: bool) -> tuple[Tokenizer, dict]:
    """BPE over characters as SentencePiece writes it: ▁ for spaces, and bytes for characters without a token."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    spaces = normalizers.Replace(" ", "▁")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), spaces]) if prefix else spaces
    if not prefix:
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tail = [decoders.Strip(" ", 1, 0)] if prefix else []
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *tail])
    known = [f"<0x{byte:02X}>" for byte in range(256)]
    return tokenizer, {"bytes": known, "limit_alphabet": 80, "before": "" if prefix else " "}


def trained(made: tuple[Tokenizer, dict], special: list[str]) -> Tokenizer:
    tokenizer, options = made
    known = [*special, *options.pop("bytes", [])]
    # Where no expression cuts the text, whole lines would become tokens.
    before = options.pop("before", None)
    lines = CORPUS if before is None else [before + word for line in CORPUS for word in line.split(" ")]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=known, show_progress=False, **options)
    tokenizer.train_from_iterator(lines, trainer)
    # The trainer marks the bytes as special tokens, which they are not.
    description = json.loads(tokenizer.to_str())
    description["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(description))


def texts(special: list[str]) -> list[str]:
    generator = random.Random(11)
    named = f"{special[0]} {special[-1]}hello{special[-2]}{special[1]} {special[-1][:-1]}  {special[-1]}\n"
    own = ["12345678901 1234 12 1 007", "\r\n\r\n x\r\ny\r", "I'LL don'T ｗｉｄｅ ﬁ e\u0301 \u1100\u1161", "[INST] a [/INST] <0x0A> ▁▁ ▁"]
    # The names of special tokens in the texts of tokenizer_fixture.py are names of another tokenizer.
    return [named, *TEXTS, *own, *(random_text(generator) for _ in range(25))]


def case(tokenizer: Tokenizer, text: str) -> dict:
    special = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = True
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = False
    return {"text": text, "ids": ids, **({"specialIds": special} if special != ids else {})}


def chat(tokenizer: PreTrainedTokenizerFast, messages: list[dict]) -> dict:
    """PAL asks for answers, not for thoughts: `enable_thinking` is what Qwen3's template knows it by."""
    asks = messages[-1]["role"] == "user"
    options = {"add_generation_prompt": asks, "enable_thinking": False}
    text = tokenizer.apply_chat_template(messages, tokenize=False, **options)
    ids = tokenizer.apply_chat_template(messages, return_dict=False, **options)
    return {"messages": messages, "addGenerationPrompt": asks, "text": text, "ids": ids}


if __name__ == "__main__":
    main()
