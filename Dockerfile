# The program with what Kafka and PostgreSQL ask for, at the versions of constraints.txt.
# 3.11 on Debian 12 because that is what the tests run on.

FROM python:3.11-slim-bookworm AS build
ENV PIP_CONSTRAINT=/source/constraints.txt \
    PIP_BUILD_CONSTRAINT=/source/constraints.txt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY alerts alerts
COPY dashboards dashboards
COPY detectors detectors
COPY pipeline pipeline
RUN pip wheel --quiet --no-deps --wheel-dir /wheels .
RUN python -m venv /opt/crisis-monitor
RUN /opt/crisis-monitor/bin/pip install --quiet --only-binary=:all: "$(echo /wheels/*.whl)[kafka,postgres]"

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 crisis-monitor \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/crisis-monitor \
       --shell /usr/sbin/nologin crisis-monitor \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/crisis-monitor
COPY --from=build /opt/crisis-monitor /opt/crisis-monitor
ENV PATH=/opt/crisis-monitor/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CRISIS_MONITOR_DATA_DIR=/var/lib/crisis-monitor
USER 10001:10001
WORKDIR /var/lib/crisis-monitor
# `run` and `ingest` answer at 8080; what listens elsewhere says so in docker-compose.yml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=4)", "http://127.0.0.1:8080/healthz"]
ENTRYPOINT ["crisis-monitor"]
CMD ["run"]
