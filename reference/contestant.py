"""Processes that race by turns, and how their times are shown."""

import json
import os
import statistics
import subprocess


class Contestant:
    """A process that does its work once for each line it is sent, answers with JSON, and sleeps between them."""

    def __init__(self, command: list[str]):
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.runs: dict[object, list[dict]] = {}

    def run(self, line: object = "") -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.process.args} ended early")
        self.runs.setdefault(line, []).append(json.loads(answer))

    def measured(self, measure: str, line: object = "") -> list[float]:
        """Of every run but the first, which warms up."""
        return [run[measure] for run in self.runs[line][1:]]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def spread(values: list[float], digits: int = 0) -> str:
    """Median (least–most)"""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"
