"""make bench: what the issues give figures for, as ratios against a floor measured in the same run."""
