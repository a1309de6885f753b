"""Writes src/llm/lora.test.safetensors: tiny Llamas that Hugging Face's PEFT adapts by LoRA, their logits and gradients.

    python reference/lora.py

Each case is a `LoraConfig` over a Llama with random weights, whose additions are made to be other than zero. What is
compared is computed in float64 from the weights as they are stored, in float32.
"""

import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

TARGET = Path(__file__).resolve().parent.parent / "src/llm/lora.test.safetensors"
IDS = [[3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 8, 9, 7]]
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 20,
    "vocab_size": 24,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
    "rope_parameters": {"rope_type": "default", "rope_theta": 100.0},
}
CASES = {
    "attention": {"r": 3, "lora_alpha": 6, "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]},
    "ffn-too": {"r": 2, "lora_alpha": 5, "target_modules": ["q_proj", "v_proj", "up_proj", "down_proj"]},
}


def main() -> None:
    tensors = {}
    for name, settings in CASES.items():
        tensors |= {f"{name}/{key}": value for key, value in case(settings).items()}
    metadata = {"cases": json.dumps(CASES), "ids": json.dumps(IDS)}
    save_file({key: value.contiguous() for key, value in tensors.items()}, TARGET, metadata)
    print(f"{TARGET.name}: {len(tensors)} tensors, {TARGET.stat().st_size / 1024:.0f} KiB")


def case(settings: dict) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    model = get_peft_model(LlamaForCausalLM(LlamaConfig(**SIZES)), LoraConfig(**settings))
    fresh = {ours(name): value.detach().clone() for name, value in model.named_parameters() if "lora_" in name}
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.copy_(torch.randn_like(value) * (0.3 if "lora_" in name else 0.2))
    weights = {ours(name): value.detach().clone() for name, value in model.named_parameters()}
    model = model.double().eval()
    ids = torch.tensor(IDS)
    output = model(input_ids=ids, labels=ids)
    output.loss.backward()
    gradients = {ours(name): value.grad for name, value in model.named_parameters() if "lora_" in name}
    return {
        "logits": output.logits.detach().float(),
        "loss": output.loss.detach().float().reshape(1),
        **{f"weights/{name}": value for name, value in weights.items()},
        **{f"gradients/{name}": value.float() for name, value in gradients.items()},
        **{f"fresh/{name}": value for name, value in fresh.items()},
    }


def ours(name: str) -> str:
    """PEFT wraps a projection, and names its adapters; without that the names are ours."""
    bare = name.removeprefix("base_model.model.").replace(".base_layer", "").replace(".default", "")
    return f"llm.{bare}"


if __name__ == "__main__":
    main()
