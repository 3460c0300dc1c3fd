"""Reports that are files: a backtest as one page and pictures, an incident as html, md or json."""
