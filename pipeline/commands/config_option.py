"""The option that names the configuration."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration. Left out: CRISIS_MONITOR_CONFIG, or crisis-monitor.toml.",
        show_default=False,
    ),
]
