"""One training step, ours against PyTorch, eager and compiled, by turns: time, and peak memory of each process.

    npm run build && python reference/race.py

SmolLM2-135M's sizes with random weights, batch 4, 64 text tokens that are all learnt, features of 768 numbers for
each audio token; the language model is frozen and a two-layer connector is trained with AdamW. Both sides map the
same file of weights and read the same batch; their losses are compared. Each configuration has fresh processes. Where
other work shares the machine, the CPU time of all threads tells more than the time that passed. With `-gates` our
side computes the FFN's gates again for the gradient instead of keeping them, with `-selective` the weights of attention too.

On a machine with a GPU: `--provider webgpu` or `--provider cuda` for our side, `--device cuda` for PyTorch's. Its peak is
then that of the GPU's memory, and ours still that of the process: the two are not to be compared.
"""

import argparse
import math
import sys
import tempfile
from pathlib import Path

from contestant import Contestant, spread

ROOT = Path(__file__).resolve().parent.parent
LLM = {"hidden": 576, "layers": 30, "heads": 9, "kv_heads": 3, "head": 64, "ffn": 1536, "vocabulary": 49152}
BATCH, TEXT, FEATURES, LONGEST = 4, 64, 768, 512
CONNECTOR = "encoders.general.connector"
EPSILON, THETA = 1e-5, 100000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configurations", nargs="*", default=["lal-256", "lal-512", "lal-256-prepacked", "lal-512-prepacked", "plits-256", "plits-512", "plits-512-gates", "plits-512-selective"])
    parser.add_argument("--peers", nargs="*", choices=["eager", "compile"], default=["eager", "compile"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--provider", default="cpu", help="ONNX Runtime's execution provider, for our side")
    parser.add_argument("--device", default="cpu", help="PyTorch's device")
    parser.add_argument("--build", type=Path, default=ROOT / "dist", help="where our compiled code is")
    parser.add_argument("--weights", type=Path, help="where to keep the weights, 550 MB; a temporary file if not given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights = arguments.weights or Path(folder) / "weights.safetensors"
        if not weights.exists():
            write_weights(weights)
        print("| configuration | peer | ours, ms | PyTorch, ms | ratio | CPU: ours, ms | PyTorch, ms | ratio | peak: ours, MB | PyTorch, MB | ratio |")
        print("|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
        for configuration in arguments.configurations:
            for row in race(configuration, weights, arguments):
                print(row, flush=True)


def race(configuration: str, weights: Path, arguments: argparse.Namespace) -> list[str]:
    """A row for each peer. A round is two steps of everybody; the first round warms up, and compiles.

    Of the two steps the second counts: in training they follow one another, and here each comes after others' steps, which
    had the caches, and were given memory that had gone back to the system.
    """
    kind, audio, *settings = configuration.split("-")
    if unknown := set(settings) - {"prepacked", "gates", "selective"}:
        raise SystemExit(f"{configuration}: expected prepacked, gates or selective after the tokens, got {', '.join(unknown)}")
    common = [str(weights), kind, audio, str(arguments.threads)]
    ours = Contestant(["node", str(arguments.build / "bench/race-contestant.js"), *common, arguments.provider, *settings])
    python = [sys.executable, str(ROOT / "reference/race_contestant.py"), *common, arguments.device]
    peers = {peer: Contestant([*python, *(["compile"] if peer == "compile" else [])]) for peer in arguments.peers}
    everybody = [ours, *peers.values()]
    for _ in range(arguments.rounds + 1):
        for contestant in everybody:
            contestant.run("not counted")
            contestant.run()
    for contestant in everybody:
        contestant.close()
    return [row(" ".join([kind.upper(), audio, *settings]), peer, ours, theirs) for peer, theirs in peers.items()]


def row(name: str, peer: str, ours: Contestant, theirs: Contestant) -> str:
    for mine, yours in zip(ours.runs[""], theirs.runs[""]):
        if not math.isclose(mine["loss"], yours["loss"], rel_tol=1e-3):
            raise ValueError(f"{name}: losses differ, {mine['loss']} and {yours['loss']}")
    cells = [name, peer]
    for measure in ("milliseconds", "cpuMilliseconds"):
        mine, yours = ours.measured(measure), theirs.measured(measure)
        cells += [spread(mine), spread(yours), spread([a / b for a, b in zip(mine, yours)], 2)]
    peaks = [side.runs[""][-1]["peakMegabytes"] for side in (ours, theirs)]
    cells += [f"{peak:.0f}" for peak in peaks] + [f"{peaks[0] / peaks[1]:.2f}"]
    return f"| {' | '.join(cells)} |"


def write_weights(path: Path) -> None:
    """Every weight, the features for the longest audio, and the text; whole numbers as float32."""
    import torch
    from safetensors.torch import save_file

    hidden, narrow, ffn, vocabulary = LLM["hidden"], LLM["kv_heads"] * LLM["head"], LLM["ffn"], LLM["vocabulary"]
    shapes = {"llm.model.embed_tokens.weight": [vocabulary, hidden], "llm.model.norm.weight": [hidden]}
    for layer in range(LLM["layers"]):
        at = f"llm.model.layers.{layer}"
        shapes |= {
            f"{at}.input_layernorm.weight": [hidden],
            f"{at}.post_attention_layernorm.weight": [hidden],
            f"{at}.self_attn.q_proj.weight": [hidden, hidden],
            f"{at}.self_attn.k_proj.weight": [narrow, hidden],
            f"{at}.self_attn.v_proj.weight": [narrow, hidden],
            f"{at}.self_attn.o_proj.weight": [hidden, hidden],
            f"{at}.mlp.gate_proj.weight": [ffn, hidden],
            f"{at}.mlp.up_proj.weight": [ffn, hidden],
            f"{at}.mlp.down_proj.weight": [hidden, ffn],
        }
    shapes |= {
        f"{CONNECTOR}.norm.weight": [FEATURES],
        f"{CONNECTOR}.norm.bias": [FEATURES],
        f"{CONNECTOR}.up.weight": [hidden, FEATURES],
        f"{CONNECTOR}.up.bias": [hidden],
        f"{CONNECTOR}.down.weight": [hidden, hidden],
        f"{CONNECTOR}.down.bias": [hidden],
    }
    generator = torch.Generator().manual_seed(1)

    def fresh(name: str, shape: list[int]) -> torch.Tensor:
        if len(shape) == 1:
            return torch.zeros(shape) if name.endswith("bias") else torch.ones(shape)
        return torch.randn(shape, generator=generator) / (shape[-1] ** 0.5)

    def tokens(shape: list[int]) -> torch.Tensor:
        return torch.randint(vocabulary, shape, generator=generator).float()

    tensors = {name: fresh(name, shape) for name, shape in shapes.items()}
    tensors["features"] = torch.randn([BATCH, LONGEST, FEATURES], generator=generator)
    tensors["ids"], tensors["labels"] = tokens([BATCH, TEXT]), tokens([BATCH, TEXT])
    save_file(tensors, path)


if __name__ == "__main__":
    main()
