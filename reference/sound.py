"""The sound that encoders are compared on, by a formula that src/encoders/reference.test.helper.ts has, too."""

import numpy as np


def sound(samples: int, rate: int) -> np.ndarray:
    """A tone, a sweep, and noise of a linear congruential generator: in float64, rounded to 16 bits."""
    state, noise = 12345, np.empty(samples)
    for i in range(samples):
        state = (state * 1103515245 + 12345) % 2**31
        noise[i] = state / 2**31 - 0.5
    time = np.arange(samples) / rate
    wave = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.2 * np.sin(2 * np.pi * (200 + 900 * time) * time) + 0.4 * noise
    return (np.round(wave * (0.6 + 0.4 * np.sin(5 * time)) * 20000) / 32768).astype(np.float32)
