"""Writes src/integration/lal.test.safetensors: a stock Llama of Hugging Face that starts from a LAL memory as cache.

    python reference/cache_prefix.py

The decoder has never heard of LAL: it is given a key/value cache, and reads text on from there.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from pal_torch.decoder import Decoder
from pal_torch.integration import lal
from pal_torch.weights import Weights

TARGET = Path(__file__).resolve().parent.parent / "src/integration/lal.test.safetensors"
AUDIO, TEXT = 7, 5

# LLM in src/integration/tiny.test.helper.ts
CONFIG = {
    "hiddenSize": 16,
    "layers": 3,
    "heads": 4,
    "keyValueHeads": 2,
    "headSize": 4,
    "feedForwardSize": 24,
    "vocabularySize": 20,
    "normEpsilon": 1e-5,
    "ropeTheta": 100,
    "tieEmbeddings": True,
}


def main() -> None:
    generator = torch.Generator().manual_seed(1)
    audio = torch.randn(AUDIO, CONFIG["hiddenSize"], generator=generator)
    ids = torch.randint(CONFIG["vocabularySize"], [TEXT], generator=generator)

    weights = Weights({}, generator=generator)
    decoder = Decoder(weights.at("llm"), CONFIG)
    heard = lal(weights.at("integration"), {}, [audio], decoder)
    states = decoder.run(decoder.embed(ids), AUDIO + torch.arange(TEXT), heard.memory)
    ours = decoder.logits(states)

    stock = stock_llama({name.removeprefix("llm."): tensor for name, tensor in weights.tensors.items()})
    cache = DynamicCache()
    for layer, (keys, values) in enumerate(heard.memory):
        cache.update(keys[None], values[None], layer)
    with torch.no_grad():
        logits = stock(ids[None], past_key_values=cache).logits[0]
    torch.testing.assert_close(logits, ours)

    save_file({"audio": audio, "ids": ids.float(), "logits": logits, **weights.tensors}, TARGET)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB", file=sys.stderr)


def stock_llama(weights: dict[str, torch.Tensor]) -> LlamaForCausalLM:
    model = LlamaForCausalLM(
        LlamaConfig(
            hidden_size=CONFIG["hiddenSize"],
            num_hidden_layers=CONFIG["layers"],
            num_attention_heads=CONFIG["heads"],
            num_key_value_heads=CONFIG["keyValueHeads"],
            head_dim=CONFIG["headSize"],
            intermediate_size=CONFIG["feedForwardSize"],
            vocab_size=CONFIG["vocabularySize"],
            rms_norm_eps=CONFIG["normEpsilon"],
            rope_parameters={"rope_type": "default", "rope_theta": CONFIG["ropeTheta"]},
            tie_word_embeddings=CONFIG["tieEmbeddings"],
        )
    )
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert missing == ["lm_head.weight"] and not unexpected, (missing, unexpected)
    return model.eval()


if __name__ == "__main__":
    main()
