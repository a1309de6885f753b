"""The mathematics of src/ once more, in plain PyTorch: one example at a time, without padding or masks.

Files, names of weights and settings mirror those of src/, so that the two can be read side by side.
"""
