"""The configuration a new user begins with: short, commented, and free of mistakes."""

import json
from typing import Final

from pipeline.errors import SettingsError
from pipeline.settings.text import is_plain

LONGEST_NAME: Final = 100

_STARTER: Final = """\
# Crisis Monitor: configuration.
#
# Everything has a default; a line that begins with "#" and no space is an example to use.
# Durations take units down to seconds: "45s", "20m", "1h30m", "7d".
# After a change run: crisis-monitor config check
# Every setting is described in docs/configuration.md.

[storage]
# The databases; a relative path starts at this file's folder.
directory = "crisis-monitor-data"
#log_retention = "7d"
#mentions_retention = "90d"

[ingest]
# Programs hand in mentions with POST http://127.0.0.1:8080/v1/mentions.
host = "127.0.0.1"
port = 8080
# Beyond 127.0.0.1 a secret or a token is a must; both stay out of this file.
#secret_env = "CRISIS_MONITOR_INGEST_SECRET"
#token_env = "CRISIS_MONITOR_INGEST_TOKEN"

[page]
# What people look at: http://127.0.0.1:8090/ while `crisis-monitor run` runs.
host = "127.0.0.1"
port = 8090
# Beyond 127.0.0.1 a token is a must: people sign in with it.
#token_env = "CRISIS_MONITOR_PAGE_TOKEN"

[detection]
# "fewer" false pages, or "balanced": quicker on small surges.
sensitivity = "balanced"

# Whom the talk is about; one [[brands]] for each brand.
[[brands]]
name = @NAME@
# Other words people use for it, and the accounts they address.
aliases = []
handles = []
# Accounts that speak for the brand: their posts are kept and never counted.
own_accounts = []
# Phrases that hold the name but mean something else, such as "river delta".
exclusions = []
# Languages people speak about it, and the zone its days follow.
languages = ["en"]
zone = "UTC"

# Whom messages go to. Until there is more than a console, a page wakes nobody.
[[receivers]]
name = "console"
kind = "console"
zone = "UTC"

# The address of a webhook is often a secret itself: url_env and url_file keep it out of here.
#[[receivers]]
#name = "on-call"
#kind = "webhook"
#url = "https://hooks.example.com/crisis"
#secret_env = "CRISIS_MONITOR_WEBHOOK_SECRET"
#timeout = "10s"

[policy]
# A page that nobody acknowledges goes to the next step, and round again.
acknowledge_within = "5m"
rounds = 5

[[policy.steps]]
receivers = ["console"]

#[[policy.steps]]
#receivers = ["on-call"]

# In a critical incident the team is owed an update after 15 minutes, then every 20.
#[policy.updates.critical_internal]
#first = "15m"
#every = "20m"

# And the public a first statement after 45 minutes, then one an hour.
#[policy.updates.critical_public]
#first = "45m"
#every = "1h"
"""


def starter(name: str) -> str:
    """Return a commented configuration for the brand `name` that has no mistakes.

    Raises `SettingsError` for a name that no configuration could hold: empty, longer than 100
    characters, or with control characters in it.
    """
    shown = name.strip()
    if not shown:
        raise SettingsError("the brand's name is empty: write it as people do, such as KLM")
    if len(shown) > LONGEST_NAME:
        raise SettingsError(
            f"the brand's name is longer than {LONGEST_NAME} characters: shorten it"
        )
    if not is_plain(shown):
        raise SettingsError("the brand's name holds control characters: write it in plain text")
    if shown.casefold().startswith("source:"):
        raise SettingsError('the brand\'s name begins with "source:", which is reserved: rename it')
    return _STARTER.replace("@NAME@", json.dumps(shown, ensure_ascii=False))
