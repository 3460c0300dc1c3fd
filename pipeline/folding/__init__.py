"""The pure fold: a partition's mentions become buckets, signals, judged mentions, and a state."""
