"""Examples for docs/configuration.md: together they set every key there is."""

from typing import Final

EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "storage": (
        """\
[storage]
directory = "/var/lib/crisis-monitor"
log_retention = "14d"
mentions_retention = "30d"
buckets_by_minute = "90d"
""",
        """\
[storage]                      # the stores on PostgreSQL, for several processes
database_env = "CRISIS_MONITOR_DATABASE"
""",
        """\
[storage]                      # another place its address may come from
database_file = "/run/secrets/database"
""",
        """\
[storage]                      # for a trial on one machine; `config check` warns
database = "postgresql://trial:example-only@127.0.0.1/crisis_monitor"
""",
    ),
    "ingest": (
        """\
[ingest]
host = "0.0.0.0"
port = 8443
secret_file = "/run/secrets/ingest"
token_env = "CRISIS_MONITOR_INGEST_TOKEN"
unknown_brands = "reject"
max_body_bytes = 1000000
max_mentions = 1000
""",
        """\
[ingest]                       # the other places a secret and a token may come from
secret_env = "CRISIS_MONITOR_INGEST_SECRET"
token_file = "/run/secrets/ingest-token"
""",
        """\
[ingest]                       # for a trial on one machine; `config check` warns
secret = "whsec_ZXhhbXBsZS1vbmx5LWRvLW5vdC11c2UtdGhpcw=="
token = "example-only-do-not-use-this"
""",
    ),
    "kafka": (
        """\
[kafka]
bootstrap = ["kafka-1:9093", "kafka-2:9093", "kafka-3:9093"]
prefix = "crisis-monitor"
time = "clock"
partitions = 24                # about twice as many as there will ever be workers
replication = 3
min_insync = 2
retention = "14d"
compression = "zstd"
buffer_mentions = 50000
writer = "ingest-1"            # left out: machine and port
lag_limit = 100000
security = "SASL_SSL"
mechanism = "SCRAM-SHA-512"
username = "crisis-monitor"
password_env = "CRISIS_MONITOR_KAFKA_PASSWORD"
ca_file = "/etc/crisis-monitor/kafka-ca.pem"
check_hostname = true
""",
        """\
[kafka]                        # who we are is said by a certificate
bootstrap = ["kafka:9093"]
security = "SSL"
ca_file = "/etc/crisis-monitor/kafka-ca.pem"
certificate_file = "/etc/crisis-monitor/kafka.pem"
key_file = "/run/secrets/kafka.key"
""",
        """\
[kafka]                        # another place the password may come from
bootstrap = ["kafka:9093"]
security = "SASL_SSL"
username = "crisis-monitor"
password_file = "/run/secrets/kafka-password"
""",
        """\
[kafka]                        # for a trial on one machine; `config check` warns
bootstrap = ["127.0.0.1:9092"]
security = "SASL_PLAINTEXT"
mechanism = "PLAIN"
username = "trial"
password = "example-only-do-not-use-this"
""",
    ),
    "page": (
        """\
[page]                         # for the whole team, behind a proxy that speaks https
host = "0.0.0.0"
port = 8090
token_env = "CRISIS_MONITOR_PAGE_TOKEN"
allowed_hosts = ["crisis.example.com", "crisis.intranet"]
session = "8h"
""",
        """\
[page]                         # another place a token may come from; several: one a line
token_file = "/run/secrets/page-token"
""",
        """\
[page]                         # for a trial on one machine; `config check` warns
token = "example-only-do-not-use-this"
""",
        """\
[page]                         # no page at all
enabled = false
""",
    ),
    "sources": (
        """\
[[sources]]
name = "reviews"
kind = "file"
path = "reviews.csv"
zone = "Europe/Amsterdam"
language = "nl"
max_delay = "1d"

[sources.map]                  # field of a mention = column
text = "review_body"
event_time = "written_at"
rating = "stars"

[[sources]]
name = "helpdesk"
kind = "http"
token_env = "HELPDESK_TOKEN"

[[sources]]
name = "rehearsal"
kind = "scenario"
seed = 7
""",
        """\
[[sources]]
name = "social"
secret_env = "SOCIAL_SECRET"

[[sources]]
name = "news"
secret_file = "news.secret"
token_file = "news.token"

[[sources]]
name = "trial"
secret = "whsec_ZXhhbXBsZS1vbmx5LWRvLW5vdC11c2UtdGhpcw=="
token = "example-only-do-not-use-this"
""",
    ),
    "detection": (
        """\
[detection]
bucket = "60s"
allowed_lateness = "90s"
sensitivity = "fewer"
warm_up = "1d"

[detection.severity]
fold = 5
minimum = 40
age = "90m"
reach = 1000000

[detection.floor]
window = "15m"
minimum = 20
share = 0.6

[detection.calm]
fold = 1.3
hold = "30m"
after = "1h"
ended_after = "1h"

[detection.volume]
fold = 2.5
minimum = 30

[detection.blindness]
least = "20m"
warm_up = "1d"
once_in = "28d"
""",
    ),
    "brands": (
        """\
[[brands]]
name = "Delta"
aliases = ["Delta Air Lines", "Delta Airlines"]
handles = ["@Delta", "@DeltaAssist"]
own_accounts = ["@Delta", "@DeltaAssist"]
exclusions = ["Delta variant", "river delta"]
languages = ["en"]
zone = "America/New_York"
watch_reach = 250000
""",
    ),
    "receivers": (
        """\
[[receivers]]
name = "on-call"
kind = "webhook"
url_env = "ON_CALL_URL"
secret_env = "ON_CALL_SECRET"
zone = "Europe/Amsterdam"
timeout = "5s"

[[receivers]]
name = "lead"
kind = "webhook"
url_file = "lead.url"
secret_file = "lead.secret"

[[receivers]]
name = "trial"
kind = "webhook"
url = "http://127.0.0.1:9000/pages"
secret = "whsec_ZXhhbXBsZS1vbmx5LWRvLW5vdC11c2UtdGhpcw=="
""",
    ),
    "policy": (
        """\
[policy]
acknowledge_within = "5m"
rounds = 3
lead = ["lead"]
ops = ["on-call"]
info = ["lead"]
merge_within = "3m"
doubt_after = "6h"
public_url = "https://crisis.example.com"

[[policy.steps]]
receivers = ["on-call"]

[[policy.steps]]
receivers = ["on-call", "lead"]

[policy.updates.critical_internal]
first = "10m"
every = "15m"
settles_after = "2h"
settled = "1h"

[policy.updates.critical_public]
first = "30m"
every = "1h"
settles_after = "6h"
settled = "3h"

[policy.updates.warning_internal]
first = "1h"
every = "2h"
settles_after = "never"
settled = "2h"

[policy.updates.warning_public]
first = "never"
every = "never"
settles_after = "never"
settled = "1h"

[policy.lifecycle]
max_signal_age = "6h"
reopen_window = "6h"
excess = 0.5
outlasts = "2h"

[[receivers]]
name = "on-call"
kind = "webhook"
url_env = "ON_CALL_URL"
secret_env = "ON_CALL_SECRET"

[[receivers]]
name = "lead"
kind = "webhook"
url_env = "LEAD_URL"
secret_env = "LEAD_SECRET"
""",
    ),
    "logs": (
        """\
[logs]
level = "warning"
form = "json"
""",
    ),
}
