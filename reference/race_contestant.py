"""PyTorch's side of the race; race.py starts it: WEIGHTS lal|plits AUDIO_TOKENS THREADS DEVICE [compile].

Written as one would to be fast in eager mode: the key/value projections of the audio are made once per layer,
attention is PyTorch's fused kernel, of the last layer only the text's states are made, which alone are read, and nothing of
the frozen language model asks for a gradient. With `compile`, forward and backward pass go through torch.compile, for
these shapes alone.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from peak_memory import peak_megabytes
from race import BATCH, CONNECTOR, EPSILON, FEATURES, LLM, TEXT, THETA
from safetensors import safe_open
from torch import Tensor


def main(path: str, kind: str, audio: int, device: str, compiled: bool) -> None:
    torch.set_default_device(device)
    with safe_open(path, "pt", device=device) as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}
    features = weights.pop("features").flatten()[: BATCH * audio * FEATURES].view(BATCH, audio, FEATURES)
    ids, labels = weights.pop("ids").long(), weights.pop("labels").long().flatten()
    trained = {name: weights[name].clone().requires_grad_() for name in weights if name.startswith(CONNECTOR)}
    weights |= trained
    optimizer = torch.optim.AdamW(trained.values(), lr=1e-3, weight_decay=0.01, fused=True)
    model = Model(weights, kind, audio)

    def forward(features: Tensor, ids: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(model.logits(features, ids), labels)

    loss_of = torch.compile(forward, dynamic=False, fullgraph=True) if compiled else forward
    for _ in sys.stdin:
        start, started = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(features, ids, labels)
        loss.backward()
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()
        report = {
            "milliseconds": 1000 * (time.perf_counter() - start),
            "cpuMilliseconds": 1000 * (time.process_time() - started),
            "loss": loss.item(),
            "peakMegabytes": torch.cuda.max_memory_reserved() / 1e6 if device == "cuda" else peak_megabytes(),
        }
        print(json.dumps(report), flush=True)


class Model:
    def __init__(self, weights: dict[str, Tensor], kind: str, audio: int):
        self.weights = weights
        self.kind = kind
        angles = torch.arange(audio + TEXT)[:, None] * THETA ** (-torch.arange(0, LLM["head"], 2) / LLM["head"])
        self.cosine, self.sine = torch.cat([angles, angles], 1).cos(), torch.cat([angles, angles], 1).sin()
        # Text is causal among itself and sees all of the audio before it.
        self.mask = torch.ones(TEXT, audio + TEXT, dtype=torch.bool).tril(audio)

    def logits(self, features: Tensor, ids: Tensor) -> Tensor:
        """[batch·text, vocabulary]"""
        audio = self.connector(features)
        embeddings = self.weights["llm.model.embed_tokens.weight"]
        text = F.embedding(ids, embeddings)
        states = torch.cat([audio, text], 1) if self.kind == "plits" else text
        last = LLM["layers"] - 1
        for layer in range(last):
            states = self.layer(f"llm.model.layers.{layer}", states, audio, states.shape[1])
        states = self.layer(f"llm.model.layers.{last}", states, audio, TEXT)
        return self.norm("llm.model.norm", states).flatten(0, 1) @ embeddings.T

    def connector(self, features: Tensor) -> Tensor:
        gain, bias = self.weights[f"{CONNECTOR}.norm.weight"], self.weights[f"{CONNECTOR}.norm.bias"]
        normed = F.layer_norm(features, gain.shape, gain, bias, 1e-6)
        up, down = (
            (self.weights[f"{CONNECTOR}.{name}.weight"], self.weights[f"{CONNECTOR}.{name}.bias"])
            for name in ("up", "down")
        )
        return F.linear(F.gelu(F.linear(normed, *up)), *down)

    def layer(self, at: str, x: Tensor, audio: Tensor, read: int) -> Tensor:
        """The last `read` states."""
        normed = self.norm(f"{at}.input_layernorm", x)
        length = self.cosine.shape[0]
        keys, values = self.key_values(at, normed, length - x.shape[1])
        x, normed = x[:, -read:], normed[:, -read:]
        queries = self.rotate(self.heads(f"{at}.self_attn.q_proj", normed), length - read)
        if self.kind == "lal":
            audio_keys, audio_values = self.key_values(at, self.norm(f"{at}.input_layernorm", audio), 0)
            keys, values = torch.cat([audio_keys, keys], 2), torch.cat([audio_values, values], 2)
        if read == TEXT:
            mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=self.mask, enable_gqa=True)
        else:
            mixed = F.scaled_dot_product_attention(queries, keys, values, is_causal=True, enable_gqa=True)
        x = x + self.project(f"{at}.self_attn.o_proj", mixed.transpose(1, 2).flatten(2))
        normed = self.norm(f"{at}.post_attention_layernorm", x)
        gate = F.silu(self.project(f"{at}.mlp.gate_proj", normed))
        return x + self.project(f"{at}.mlp.down_proj", gate * self.project(f"{at}.mlp.up_proj", normed))

    def key_values(self, at: str, normed: Tensor, first: int) -> tuple[Tensor, Tensor]:
        keys = self.rotate(self.heads(f"{at}.self_attn.k_proj", normed), first)
        return keys, self.heads(f"{at}.self_attn.v_proj", normed)

    def heads(self, name: str, x: Tensor) -> Tensor:
        """[batch, heads, time, head]"""
        return self.project(name, x).unflatten(2, (-1, LLM["head"])).transpose(1, 2)

    def rotate(self, x: Tensor, first: int) -> Tensor:
        cosine, sine = self.cosine[first : first + x.shape[2]], self.sine[first : first + x.shape[2]]
        left, right = x.chunk(2, -1)
        return x * cosine + torch.cat([-right, left], -1) * sine

    def project(self, name: str, x: Tensor) -> Tensor:
        return F.linear(x, self.weights[f"{name}.weight"])

    def norm(self, name: str, x: Tensor) -> Tensor:
        gain = self.weights[f"{name}.weight"]
        return F.rms_norm(x, gain.shape, gain, EPSILON)


if __name__ == "__main__":
    weights_path, kind_of_integration, audio_tokens, threads, device, *how = sys.argv[1:]
    torch.set_num_threads(int(threads))
    main(weights_path, kind_of_integration, int(audio_tokens), device, how == ["compile"])
