"""What a language model's products take, by the kernels that there are for them: float32, blocks, and whole numbers of 8 bits.

    python reference/products.py [--rows 1 64 256 512] [--kinds …] [--turns 9]

All products of SmolLM2-135M's 30 layers but the head, of random weights that are all different, as ONNX Runtime computes them, two
threads; `pytorch` the same in PyTorch. Printed are the least and the median milliseconds for so many rows (tokens) at once, in turns.

    float32, unpacked       with a second copy of the weights in the order that the kernel reads (prepacked), and without, as training has it
    blocks8, blocks4        MatMulNBits, blocks of 32 with a scale each, activations rounded by blocks: what the project uses
    blocks8-64, blocks4-64  the same with blocks of 64
    whole                   DynamicQuantizeMatMul: weights of 8 bits with a scale for each output, activations with one for all rows,
                            so that a token's numbers depend on those beside it
    rotated                 the same with a scale for each row, and both sides rotated by Hadamard matrices of 64 columns (QuaRot, Ashkboos et al.
                            2024), without which rounding so loses much: see rounding.py
    joined8, joined4        blocks8 and blocks4 with queries, keys and values as one product, gates and ups as another
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from scipy.linalg import hadamard

HIDDEN, KEYS, FFN, LAYERS = 576, 192, 1536, 30
KINDS = ["float32", "unpacked", "blocks8", "blocks4", "blocks8-64", "blocks4-64", "whole", "rotated", "joined8", "joined4", "pytorch"]
CONTRIB = "com.microsoft"
ROTATION = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 64, 256, 512])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["float32", "blocks8", "blocks4", "whole", "rotated", "pytorch"])
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    rivals = {kind: pytorch(arguments.threads) if kind == "pytorch" else onnx(kind, arguments.threads) for kind in arguments.kinds}
    print("| rows | " + " | ".join(f"{kind}, ms: least, median" for kind in rivals) + " |")
    print("|---" * (1 + len(rivals)) + "|")
    random = np.random.default_rng(1)
    for rows in arguments.rows:
        states = random.normal(size=(rows, HIDDEN)).astype(np.float32)
        taken: dict[str, list[float]] = {kind: [] for kind in rivals}
        for _ in range(arguments.turns):
            for kind, run in rivals.items():
                run(states)  # What others did before it is not its fault.
                start = time.perf_counter()
                run(states)
                taken[kind].append(1e3 * (time.perf_counter() - start))
        cells = [f"{min(times):.1f}, {statistics.median(times):.1f}" for times in taken.values()]
        print(f"| {rows} | " + " | ".join(cells) + " |", flush=True)


def pytorch(threads: int) -> Callable[[np.ndarray], object]:
    import torch
    from torch.nn.functional import linear

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    weights = lambda outputs, inputs: torch.randn(LAYERS, outputs, inputs) / inputs**0.5
    q, k, v, o = weights(HIDDEN, HIDDEN), weights(KEYS, HIDDEN), weights(KEYS, HIDDEN), weights(HIDDEN, HIDDEN)
    gate, up, down = weights(FFN, HIDDEN), weights(FFN, HIDDEN), weights(HIDDEN, FFN)

    @torch.inference_mode()
    def run(states: np.ndarray) -> object:
        x = torch.from_numpy(states)
        for i in range(LAYERS):
            keys = linear(x, k[i])
            attended = torch.tanh(linear(linear(x, q[i]) + torch.cat([keys, linear(x, v[i]), keys], 1), o[i]))
            x = torch.tanh(linear(linear(attended, gate[i]) + linear(attended, up[i]), down[i]))
        return x

    return run


def onnx(kind: str, threads: int) -> Callable[[np.ndarray], object]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that wait awake would take the cores from whoever is next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.add_session_config_entry("session.disable_prepacking", "1" if kind == "unpacked" else "0")
    session = ort.InferenceSession(Products(kind).model().SerializeToString(), options)
    return lambda states: session.run(None, {"states": states})


class Products:
    """A graph of nothing but the products, and what keeps their numbers of a size: with tiny ones arithmetic is slow."""

    def __init__(self, kind: str):
        self.kind, _, block = kind.partition("-")
        self.block = int(block or 32)
        self.nodes: list = []
        self.weights: list = []
        self.random = np.random.default_rng(0)
        self.rounded: set[str] = set()

    def model(self):
        self.constant("one", np.float32(1))
        self.constant("middle", np.uint8(128))
        self.constant("of127", np.float32(1 / 127))
        self.constant("last", np.array([-1], np.int64))
        self.constant("rotation", (hadamard(ROTATION) / ROTATION**0.5).astype(np.float32))
        joined = self.kind.startswith("joined")
        x = "states"
        for layer in range(LAYERS):
            if joined:
                both = self.product(x, HIDDEN + 2 * KEYS, HIDDEN, f"{layer}.qkv")
                q, k, v = self.split(both, [HIDDEN, KEYS, KEYS])
            else:
                q, k, v = (self.product(x, n, HIDDEN, f"{layer}.{i}") for i, n in enumerate([HIDDEN, KEYS, KEYS]))
            mixed = self.node("Add", [q, self.node("Concat", [k, v, k], axis=1)])
            attended = self.node("Tanh", [self.product(mixed, HIDDEN, HIDDEN, f"{layer}.o")])
            if joined:
                gate, up = self.split(self.product(attended, 2 * FFN, HIDDEN, f"{layer}.gate_up"), [FFN, FFN])
            else:
                gate, up = (self.product(attended, FFN, HIDDEN, f"{layer}.{name}") for name in ("gate", "up"))
            x = self.node("Tanh", [self.product(self.node("Add", [gate, up]), HIDDEN, FFN, f"{layer}.down")])
        states = helper.make_tensor_value_info("states", TensorProto.FLOAT, ["rows", HIDDEN])
        graph = helper.make_graph(self.nodes, "products", [states], [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["rows", HIDDEN])], self.used())
        return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(CONTRIB, 1)])

    def product(self, x: str, outputs: int, inputs: int, name: str) -> str:
        """x·Wᵀ of one weight [outputs, inputs], by the kind's kernel."""
        deviation = inputs**-0.5
        if self.kind in ("float32", "unpacked"):
            weight = self.constant(name, (self.random.normal(size=(outputs, inputs)) * deviation).astype(np.float32))
            return self.node("FusedMatMul", [x, weight], CONTRIB, transB=1)
        scale = deviation * 12**0.5
        if self.kind in ("blocks8", "blocks4", "joined8", "joined4"):
            bits = int(self.kind[-1])
            blocks = inputs // self.block
            values = self.random.integers(0, 256, (outputs, blocks, self.block * bits // 8), np.uint8)
            scales = np.full((outputs, blocks), scale / 2**bits, np.float32)
            read = [x, self.constant(name, values), self.constant(f"{name}.scales", scales)]
            return self.node("MatMulNBits", read, CONTRIB, K=inputs, N=outputs, bits=bits, block_size=self.block, accuracy_level=4)
        values = self.constant(name, self.random.integers(-127, 128, (inputs, outputs), np.int8))
        scales = self.constant(f"{name}.scales", np.full(outputs, scale / 2**8, np.float32))
        if self.kind == "whole":
            return self.node("DynamicQuantizeMatMul", [x, values, scales], CONTRIB)
        whole = self.node("MatMulIntegerToFloat", [self.rounded_rows(x, inputs), values, "one", scales, "middle"], CONTRIB)
        return self.node("Mul", [whole, f"{x}.scales"])

    def rounded_rows(self, x: str, columns: int) -> str:
        """Rotated, each row rounded by a scale of its own: whole numbers from 1 to 255, once for all products of x."""
        if x not in self.rounded:
            self.rounded.add(x)
            parts, rows = (self.constant(f"{x}.{n}", np.array(shape, np.int64)) for n, shape in (("parts", [-1, columns // ROTATION, ROTATION]), ("rows", [-1, columns])))
            rotated = self.node("Reshape", [self.node("MatMul", [self.node("Reshape", [x, parts]), "rotation"]), rows])
            largest = self.node("ReduceMax", [self.node("Abs", [rotated]), "last"], keepdims=1)
            self.node("Mul", [largest, "of127"], name=f"{x}.scales")
            self.node("QuantizeLinear", [self.node("Div", [rotated, f"{x}.scales"]), "one", "middle"], name=f"{x}.values")
        return f"{x}.values"

    def split(self, x: str, sizes: list[int]) -> list[str]:
        outputs = [f"{x}.part{i}" for i in range(len(sizes))]
        self.nodes.append(helper.make_node("Split", [x, self.constant(f"{x}.sizes", np.array(sizes, np.int64))], outputs, axis=1))
        return outputs

    def constant(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def used(self) -> list:
        read = {name for node in self.nodes for name in node.input}
        return [weight for weight in self.weights if weight.name in read]

    def node(self, operation: str, inputs: list[str], domain: str = "", name: str | None = None, **attributes) -> str:
        output = name or f"{operation}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [output], domain=domain, **attributes))
        return output


if __name__ == "__main__":
    main()
