"""The HTTP door: programs hand in mentions with `POST /v1/mentions`."""
