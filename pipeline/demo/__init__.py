"""The demonstration: made-up days of made-up brands, with somebody on call who answers."""

from pipeline.demo.outcome import DemoResult
from pipeline.demo.week import run_demo

__all__ = ["DemoResult", "run_demo"]
