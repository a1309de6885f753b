"""Hugging Face Transformers' side of the race of generation; race_generation.py starts it: FOLDER THREADS NEW_TOKENS DEVICE.

Eager, float32, its default attention and dynamic cache: one call for the prompt and one for each further token, which
is what `generate` does, without what it does besides.
"""

import json
import sys
import time

import torch
from peak_memory import peak_megabytes
from transformers import AutoModelForCausalLM, DynamicCache


@torch.inference_mode()
def main(folder: str, new_tokens: int, device: str) -> None:
    torch.set_default_device(device)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device)
    for line in sys.stdin:
        context = int(line)
        ids = torch.tensor([[1000 + (i * 7919) % 40000 for i in range(context)]])
        cache = DynamicCache(config=model.config)
        start = time.perf_counter()
        logits = model(ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
        if device == "cuda":
            torch.cuda.synchronize()
        prefill = 1000 * (time.perf_counter() - start)
        tokens, times = [], []
        for _ in range(new_tokens):
            start = time.perf_counter()
            token = logits[0, -1].argmax()
            tokens.append(int(token))
            logits = model(token[None, None], past_key_values=cache, use_cache=True).logits
            if device == "cuda":
                torch.cuda.synchronize()
            times.append(1000 * (time.perf_counter() - start))
        print(json.dumps({"prefillMs": prefill, "tokenMs": times, "tokens": tokens, "peakMegabytes": peak_megabytes()}), flush=True)


if __name__ == "__main__":
    path, threads, count, device = sys.argv[1:]
    torch.set_num_threads(int(threads))
    main(path, int(count), device)
