"""Dashboards as code. Nothing is built here yet: metrics are served at `/metrics`."""
