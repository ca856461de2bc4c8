"""How much the benchmarks measure in tests."""

from benchmarks._harness import Effort

# One round of next to nothing: it shows that each benchmark runs and that both of its sides agree.
TINY = Effort(
    rounds=1,
    seconds=0.0002,
    calls=8,
    rows=64,
    long_batch=64,
    longest_batch=64,
    clients=10,
    at_once=(2,),
    load_seconds=0.2,
)
