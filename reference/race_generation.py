"""Generation, ours against Hugging Face Transformers and llama.cpp, by turns: prefill, further tokens, peak memory.

    npm run build && npm --prefix reference/llama-cpp run setup && python reference/race_generation.py

SmolLM2-135M's sizes with random weights: the same numbers for everybody, as safetensors, quantised by `pal quantize`,
and as GGUF in F32, Q8_0 and Q4_0, which are blocks of 32 as ours are (their scales have 16 bits, ours 32). All
processes are alive at once and take turns; each context is read anew in each round. The first round is not counted.
At float32 Transformers must choose the same tokens; where llama.cpp does not, that is told. A further token's time
includes choosing it. On a machine with a GPU: `--provider webgpu` or `cuda` for our side, `--device cuda` for the peers.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from contestant import Contestant, spread
from race import EPSILON, LLM, ROOT, THETA

PRECISIONS = {"32": "F32", "8": "Q8_0", "4": "Q4_0"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bits", nargs="*", choices=PRECISIONS, default=["4", "8", "32"])
    parser.add_argument("--contexts", nargs="*", type=int, default=[64, 1024, 4096])
    parser.add_argument("--peers", nargs="*", choices=["transformers", "llama.cpp"], default=["transformers", "llama.cpp"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--new-tokens", type=int, default=24)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--provider", default="cpu", help="ONNX Runtime's execution provider, for our side")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="of the peers")
    parser.add_argument("--build", type=Path, default=ROOT / "dist", help="where our compiled code is")
    parser.add_argument("--models", type=Path, help="where to keep the models, 1.6 GB; a temporary folder if not given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = arguments.models or Path(folder)
        write_models(models, arguments)
        print("| bits | context | who | prefill, tokens/s | ours, time / theirs | further tokens/s | ours, time / theirs | peak, MB |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for bits in arguments.bits:
            for row in race(bits, models, arguments):
                print(row, flush=True)


def race(bits: str, models: Path, arguments: argparse.Namespace) -> list[str]:
    """A row for each context and contestant."""
    common = [str(arguments.threads), str(arguments.new_tokens)]
    ours = models / ("float32" if bits == "32" else f"{bits}bit")
    commands = {"ours": ["node", str(arguments.build / "bench/generation-contestant.js"), str(ours), *common, arguments.provider]}
    if bits == "32" and "transformers" in arguments.peers:
        script = str(ROOT / "reference/transformers_contestant.py")
        commands["transformers"] = [sys.executable, script, str(models / "float32"), *common, arguments.device]
    if "llama.cpp" in arguments.peers:
        gguf = str(models / f"{PRECISIONS[bits]}.gguf")
        # Its cache has 16 bits unless it is told otherwise, which is enough to choose another token now and then.
        cache = ["F32"] if bits == "32" else []
        commands["llama.cpp"] = ["node", str(ROOT / "reference/llama-cpp/contestant.mjs"), gguf, *common, arguments.device, *cache]
    everybody = {name: Contestant(command) for name, command in commands.items()}
    for _ in range(arguments.rounds + 1):
        for context in arguments.contexts:
            for contestant in everybody.values():
                contestant.run(context)
    for contestant in everybody.values():
        contestant.close()
    rows = []
    for context in arguments.contexts:
        mine = everybody["ours"]
        for name, contestant in everybody.items():
            if bits == "32":
                expect_same(name, context, contestant.runs[context][0]["tokens"], mine.runs[context][0]["tokens"])
            rows.append(row(bits, context, name, contestant, mine))
    return rows


def expect_same(name: str, context: int, theirs: list[int], ours: list[int]) -> None:
    """Transformers computes as we do. Among 49,152 random rows two are sometimes so near that llama.cpp takes the other."""
    agreeing = next((i for i, pair in enumerate(zip(theirs, ours)) if pair[0] != pair[1]), len(ours))
    if agreeing == len(ours):
        return
    message = f"{name} chose another token than we did, the {agreeing + 1}th after {context}"
    if name != "llama.cpp":
        raise ValueError(message)
    print(message, file=sys.stderr)


def row(bits: str, context: int, name: str, theirs: Contestant, ours: Contestant) -> str:
    cells = [bits, str(context), name]
    for measure, tokens in ((prefill, context), (token, 1)):
        mine, yours = ([measure(run) for run in side.runs[context][1:]] for side in (ours, theirs))
        cells.append(spread([1000 * tokens / milliseconds for milliseconds in yours], 1))
        cells.append("—" if name == "ours" else spread([a / b for a, b in zip(mine, yours)], 2))
    peak = max(run["peakMegabytes"] for run in theirs.runs[context])
    return f"| {' | '.join([*cells, f'{peak:.0f}'])} |"


def prefill(run: dict) -> float:
    return run["prefillMs"]


def token(run: dict) -> float:
    return statistics.median(run["tokenMs"])


def write_models(folder: Path, arguments: argparse.Namespace) -> None:
    """The same random weights in every format; what is there already stays."""
    plain = folder / "float32"
    if not (plain / "config.json").exists():
        write_checkpoint(plain)
    for bits in arguments.bits:
        out = folder / f"{bits}bit"
        if bits != "32" and not (out / "config.json").exists():
            command = "import(process.argv[1]).then(({ main }) => main(process.argv.slice(2)))"
            program = str(arguments.build / "cli/main.js")
            quantize = ["quantize", str(plain), "--bits", bits, "--out", str(out)]
            subprocess.run(["node", "-e", command, program, *quantize], check=True, stdout=sys.stderr)
        gguf = folder / f"{PRECISIONS[bits]}.gguf"
        if "llama.cpp" in arguments.peers and not gguf.exists():
            write_gguf(plain / "model.safetensors", gguf, PRECISIONS[bits])


def write_checkpoint(folder: Path) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    config = LlamaConfig(
        hidden_size=LLM["hidden"],
        num_hidden_layers=LLM["layers"],
        num_attention_heads=LLM["heads"],
        num_key_value_heads=LLM["kv_heads"],
        intermediate_size=LLM["ffn"],
        vocab_size=LLM["vocabulary"],
        rms_norm_eps=EPSILON,
        rope_parameters={"rope_type": "default", "rope_theta": THETA},
        max_position_embeddings=8192,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    # pal quantize opens no model without a tokenizer; none of its words are ever asked for.
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(ROOT / "models/pal-tiny" / name, folder / name)


def write_gguf(weights: Path, path: Path, precision: str) -> None:
    """As llama.cpp's convert_hf_to_gguf.py does for Llama: rows of W_q and W_k in its order of rotary pairs."""
    import gguf
    from safetensors import safe_open

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(8192)
    writer.add_embedding_length(LLM["hidden"])
    writer.add_block_count(LLM["layers"])
    writer.add_feed_forward_length(LLM["ffn"])
    writer.add_head_count(LLM["heads"])
    writer.add_head_count_kv(LLM["kv_heads"])
    writer.add_rope_dimension_count(LLM["head"])
    writer.add_rope_freq_base(THETA)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_vocab_size(LLM["vocabulary"])
    add_vocabulary(writer)
    names = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    kind = gguf.GGMLQuantizationType[precision]
    with safe_open(weights, "np") as file:
        for name in file.keys():
            tensor = file.get_tensor(name)
            if name == "model.embed_tokens.weight":
                to = "token_embd.weight"
            elif name == "model.norm.weight":
                to = "output_norm.weight"
            else:
                _, _, layer, *part = name.removesuffix(".weight").split(".")
                to = f"blk.{layer}.{names['.'.join(part)]}.weight"
            for projection, heads in (("q_proj", LLM["heads"]), ("k_proj", LLM["kv_heads"])):
                if projection in name:
                    rows, columns = tensor.shape
                    tensor = tensor.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)
            if tensor.ndim == 1 or precision == "F32":
                writer.add_tensor(to, tensor)
            else:
                writer.add_tensor(to, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_vocabulary(writer) -> None:
    """Invented words: only ids are read."""
    import gguf

    kinds = gguf.TokenType
    tokens = [("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)]
    tokens += [(f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)]
    tokens += [(f"word{i}", kinds.NORMAL) for i in range(LLM["vocabulary"] - len(tokens))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text for text, _ in tokens])
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([kind for _, kind in tokens])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)


if __name__ == "__main__":
    main()
