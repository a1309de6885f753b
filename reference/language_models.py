"""Writes src/llm/fixtures: tiny language models of every family, and what Hugging Face Transformers makes of them.

    python reference/language_models.py

Each folder holds a model with random weights as Transformers saves it (config.json, safetensors, a tokenizer of the
ASCII characters) and `expected.safetensors`: the logits of two texts, float32, and the greedy tokens that follow.
One of them is there as a GGUF file, too.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from gguf import MODEL_ARCH, GGMLQuantizationType, GGUFWriter, get_tensor_name_map, quantize
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    MistralConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

TARGET = Path(__file__).resolve().parent.parent / "src/llm/fixtures"
TEXTS, LENGTH, GREEDY = 2, 12, 24

SIZES = {
    "vocab_size": 128,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": None,
}
# The four rotations of a head of 8 turn 10.2, 3.2, 1.0 and 0.3 times in 64 positions: kept, blended, slowed, slowed.
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 100.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
DEFAULT = {"rope_type": "default", "rope_theta": 10000.0}

# Name: (configuration, what its weights are stored as, whether config.json is rewritten as before Transformers 5).
MODELS = {
    "llama": (LlamaConfig(**SIZES, rope_parameters=DEFAULT), torch.float32, False),
    "llama-3": (LlamaConfig(**SIZES, rope_parameters=LLAMA3, tie_word_embeddings=True), torch.bfloat16, True),
    "llama-linear": (
        LlamaConfig(**SIZES, rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}, tie_word_embeddings=True),
        torch.float16,
        False,
    ),
    "smollm2": (LlamaConfig(**SIZES, rope_parameters=DEFAULT, tie_word_embeddings=True), torch.float32, True),
    "mistral": (MistralConfig(**SIZES, rope_parameters=DEFAULT, head_dim=12, sliding_window=None), torch.bfloat16, True),
    "qwen2": (Qwen2Config(**SIZES, rope_parameters=DEFAULT, tie_word_embeddings=True), torch.float16, True),
    "qwen3": (Qwen3Config(**SIZES, rope_parameters=DEFAULT, head_dim=16), torch.bfloat16, False),
}
SHARDED = "smollm2"
AS_GGUF = "mistral"


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    for seed, (name, (config, dtype, old)) in enumerate(MODELS.items()):
        folder = TARGET / name
        save(folder, config, dtype, old, seed, "20KB" if name == SHARDED else "1GB")
        # As anybody opens it: what is compared with comes from the files, not from what they were made of.
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        generator = torch.Generator().manual_seed(100 + seed)
        ids = torch.randint(1, SIZES["vocab_size"], [TEXTS, LENGTH], generator=generator)
        with torch.no_grad():
            logits = model(ids).logits
        greedy = torch.stack([continued(model, text) for text in ids])
        if name == AS_GGUF:
            write_gguf(model, TARGET / f"{name}.gguf")
        save_file({"ids": ids.float(), "logits": logits, "greedy": greedy.float()}, folder / "expected.safetensors")
        print(f"{name}: logits up to {logits.abs().max():.1f}, greedy {greedy[0].tolist()}", file=sys.stderr)
    size = sum(file.stat().st_size for file in TARGET.rglob("*.*"))
    print(f"{TARGET.name}: {size / 1000:.0f} kB", file=sys.stderr)


@torch.no_grad()
def continued(model: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """The likeliest tokens, one after the other, each from the whole text: no cache is involved."""
    for _ in range(GREEDY):
        logits = model(ids[None]).logits[0, -1]
        best, second = logits.topk(2).values.tolist()
        assert best - second > 1e-3, "a choice this close would be a matter of rounding: take another seed"
        ids = torch.cat([ids, logits.argmax()[None]])
    return ids[-GREEDY:]


def save(folder: Path, config: PreTrainedConfig, dtype: torch.dtype, old: bool, seed: int, shard: str) -> None:
    model = AutoModelForCausalLM.from_config(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(drawn(name, weight.shape, generator))
    model.to(dtype).save_pretrained(folder, max_shard_size=shard)
    tokenizer().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if old:
        rewrite(folder / "config.json")


def drawn(name: str, shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """Every weight at random and large enough to matter: what starts at zero or one would hide mistakes."""
    numbers = torch.randn(shape, generator=generator)
    if name.endswith("norm.weight"):
        return 1 + 0.3 * numbers
    if name.endswith("bias"):
        return 0.5 * numbers
    return numbers * shape[-1] ** -0.5 * (2 if "q_proj" in name or "k_proj" in name else 1)


def rewrite(file: Path) -> None:
    """config.json as Transformers 4 wrote it: rope_theta and rope_scaling, and the type of the weights by its old name."""
    config = json.loads(file.read_text())
    scaling = config.pop("rope_parameters")
    config["rope_theta"] = scaling.pop("rope_theta")
    config["rope_scaling"] = None if scaling["rope_type"] == "default" else scaling
    config["torch_dtype"] = config.pop("dtype")
    file.write_text(json.dumps(config, indent=2) + "\n")


def write_gguf(model: torch.nn.Module, file: Path) -> None:
    """As llama.cpp's convert_hf_to_gguf.py: its names, and the rows of queries and keys with rotated pairs adjacent."""
    config = model.config
    writer = GGUFWriter(file, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    # A vocabulary of bytes as GPT-2 writes them, and one merge.
    alphabet = sorted(ByteLevel.alphabet())[: config.vocab_size - 2]
    writer.add_token_list(["<|end|>", "ab", *alphabet])
    writer.add_token_types([3] + [1] * (config.vocab_size - 1))
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(0)
    names = get_tensor_name_map(MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        if "q_proj" in name or "k_proj" in name:
            pairs = weight.reshape(-1, 2, config.head_dim // 2, config.hidden_size)
            weight = pairs.transpose(1, 2).reshape(weight.shape)
        kind = GGMLQuantizationType.F32 if weight.dim() == 1 else GGMLQuantizationType.BF16
        target = names.get_name(name, try_suffixes=(".weight",))
        writer.add_tensor(target, quantize(weight.numpy(), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tokenizer() -> PreTrainedTokenizerFast:
    end = "<|end|>"
    characters = Tokenizer(models.BPE({end: 0, **{chr(i): i for i in range(1, SIZES["vocab_size"])}}, []))
    characters.decoder = decoders.Fuse()
    characters.add_special_tokens([AddedToken(end, special=True, normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=characters,
        eos_token=end,
        chat_template="{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}assistant: {% endif %}",
    )


if __name__ == "__main__":
    main()
