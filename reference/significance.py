"""Paired permutation tests, intervals and Holm's correction, as SciPy, NumPy and statsmodels have them.

    .venv-reference/bin/python reference/significance.py

writes src/compare/fixtures/significance.json.
"""

import json
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap, permutation_test, t
from statsmodels.stats.multitest import multipletests

FIXTURE = Path(__file__).parent.parent / "src/compare/fixtures/significance.json"


def sign_flips(differences: list[float], resamples: float = np.inf) -> float:
    """Flipping a pair is exchanging its two sides: with the other side 0 all that is left is the sign."""
    pairs = (np.array(differences), np.zeros(len(differences)))
    statistic = lambda x, y, axis: np.sum(x - y, axis=axis)
    rng = np.random.default_rng(1)
    how = {"permutation_type": "samples", "vectorized": True, "batch": 10_000}
    result = permutation_test(pairs, statistic, **how, n_resamples=resamples, rng=rng)
    return float(result.pvalue)


def intervals(right: np.ndarray) -> dict:
    """Of the mean over audios alone, by the bootstrap, and over audios and seeds, by Satterthwaite. right: [seeds, audios]"""
    one = bootstrap((right[0],), np.mean, method="percentile", n_resamples=200_000, batch=10_000, rng=1)
    seeds, audios = right.shape
    parts = np.array([right.mean(axis=0).var() / audios, right.mean(axis=1).var(ddof=1) / seeds])
    freedom = parts.sum() ** 2 / (parts**2 / [audios - 1, seeds - 1]).sum()
    both = t.interval(0.95, freedom, loc=right.mean(), scale=np.sqrt(parts.sum()))
    return {
        "right": right.tolist(),
        "audios": [float(one.confidence_interval.low), float(one.confidence_interval.high)],
        "both": [float(end) for end in both],
    }


def main() -> None:
    rng = np.random.default_rng(7)
    small = [[1, 1, 1, 1, 1], [1, -1, 1, -1], [0, 0, 3, -1, 2, 2, 0], [0, 0, 0]]
    small += [rng.integers(-2, 4, 12).tolist(), rng.normal(0.5, 1, 11).round(3).tolist()]
    large = [rng.integers(-2, 3, 60).tolist(), rng.normal(0.25, 1, 80).round(3).tolist()]
    ps = [[0.01, 0.04, 0.03, 0.005], [0.2, 0.2, 0.9], [0.04], [0.001, 0.5, 0.001, 0.02, 0.6]]
    fixture = {
        "exact": [{"differences": one, "p": sign_flips(one)} for one in small],
        "random": [{"differences": one, "p": sign_flips(one, 200_000)} for one in large],
        "student": [[share, freedom, float(t.ppf(share, freedom))] for share in (0.75, 0.975) for freedom in (1, 1.5, 2, 7.3, 60, 5000)],
        "intervals": intervals((rng.random((3, 90)) < [[0.6], [0.75], [0.5]]).astype(int)),
        "holm": [{"p": one, "corrected": multipletests(one, method="holm")[1].tolist()} for one in ps],
    }
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
