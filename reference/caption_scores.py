"""Scores captions by a metric of aac-metrics, for `pal eval … --external`.

    node bin/pal.js eval clotho:path/to/clotho --external fense="python3 reference/caption_scores.py fense"

A line {"id", "answer", "references"} on standard input for each caption, a line {"id", "score"} on standard output. The
metric is any that `aac_metrics.evaluate` scores sentence by sentence: fense, sbert_sim, spice, spider, spider_fl, meteor, cider_d,
rouge_l, bleu_4 … . Captions are tokenized as that does it, which needs Java, for every metric.
"""

import json
import os
import subprocess
import sys

INSTALL = """\
    pip install aac-metrics
    aac-metrics-download

The second fetches the Java programs and the models. Java itself has to be there, 8 to 13 of it; `python3 -O` leaves
out that check."""


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("expected the name of one metric, such as: python3 reference/caption_scores.py fense")
    metric = sys.argv[1]
    output = own_output()
    captions = [json.loads(line) for line in sys.stdin if line.strip()]
    for caption, score in zip(captions, scores(metric, captions), strict=True):
        output.write(json.dumps({"id": caption["id"], "score": score}) + "\n")
    output.close()


def own_output():
    """Standard output for scores alone: what libraries and Java print goes to standard error."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return output


def scores(metric: str, captions: list[dict]) -> list[float]:
    try:
        from aac_metrics import evaluate
    except ImportError as error:
        sys.exit(f"expected the Python package aac-metrics, got none ({error}). Install it by\n\n{INSTALL}")
    try:
        _, sentences = evaluate(
            candidates=[one_line(caption["answer"]) for caption in captions],
            mult_references=[[one_line(text) for text in caption["references"]] for caption in captions],
            metrics=[metric],
        )
    except KeyError:
        sys.exit(f'expected a metric that aac-metrics has, got "{metric}"')
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        sys.exit(f"expected aac-metrics to compute {metric}, got: {error}\n\nWhat it needs comes by\n\n{INSTALL}")
    if metric not in sentences:
        sys.exit(f"expected a metric that scores sentences, got {metric}, which gives {', '.join(sentences)}")
    return sentences[metric].tolist()


def one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    main()
