"""The Dockerfile, read instruction by instruction and carried out without a container.

What a line names in the image (`/source`, `/wheels`, `/opt/crisis-monitor`) stands in a folder of
the test; the base image is the Python that runs the tests. What only a container could show, the
distribution's packages and the account it makes, is looked at and not carried out.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from tests.compose import ROOT, replaced

CAPABILITY = "dac_read_search"
"""What a test's account keeps of root: to read, so that it finds Python wherever that is."""


@dataclass
class Stage:
    """One `FROM`: its base and what follows."""

    base: str
    name: str = ""
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def those(self, kind: str) -> list[str]:
        """The arguments of all instructions of a kind, in order."""
        return [said for each, said in self.instructions if each == kind]

    def environment(self) -> dict[str, str]:
        """What its ENV instructions set."""
        words = [word for said in self.those("ENV") for word in said.split()]
        return dict(word.split("=", 1) for word in words)

    def list_of(self, kind: str) -> list[str]:
        """The words of the last instruction of a kind, given as a JSON list."""
        found: list[str] = json.loads(self.those(kind)[-1])
        return found

    def health_check(self) -> list[str]:
        """The words of its health check."""
        found: list[str] = json.loads(self.those("HEALTHCHECK")[-1].partition(" CMD ")[2])
        return found


def stages() -> list[Stage]:
    """The stages of the Dockerfile."""
    found: list[Stage] = []
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        kind, _, said = line.strip().partition(" ")
        if kind == "FROM":
            base, _, name = said.partition(" AS ")
            found.append(Stage(base, name))
        elif kind:
            found[-1].instructions.append((kind, said.strip()))
    return found


class Image:
    """What the Dockerfile makes, in a folder: `build()` takes some ten seconds.

    The folder must be one that the image's account can reach.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.build_stage, self.last = stages()
        self.home = folder / "home"
        names = ("/source", "/wheels", "/opt/crisis-monitor")
        self.places = {each: str(folder / each.strip("/")) for each in names}
        self.places["/var/lib/crisis-monitor"] = str(self.home)

    def build(self) -> None:
        """Carry out the first stage; AssertionError with what was said where a line fails."""
        here = Path.cwd()
        environment = self._clean()
        for kind, said in self.build_stage.instructions:
            match kind:
                case "ENV":
                    words = (word.split("=", 1) for word in said.split())
                    environment |= {key: replaced(value, self.places) for key, value in words}
                case "WORKDIR":
                    here = Path(self.places[said])
                    here.mkdir(parents=True)
                case "COPY":
                    *sources, target = said.split()
                    for source in sources:
                        into = here / target
                        self._copy(source, into / source if target.endswith("/") else into)
                case "RUN":
                    self.run(["sh", "-c", replaced(said, self.places)], here, environment)
                case _:
                    raise AssertionError(f"{kind} is not known here")
        for each in self.last.those("COPY"):
            source, target = each.removeprefix(f"--from={self.build_stage.name} ").split()
            assert source == target, "programs of an environment know where they are"
        self.home.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(self.home, *self.account())

    def _copy(self, source: str, target: Path) -> None:
        assert let_in(source), f".dockerignore keeps {source} away"
        if (ROOT / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(ROOT / source, target, ignore=ignored)
        else:
            shutil.copy(ROOT / source, target)

    def _clean(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            **{key: value for key, value in os.environ.items() if key.startswith("PIP_")},
        }

    def run(
        self, command: list[str], at: Path, environment: dict[str, str], *, wanted: int = 0
    ) -> str:
        """Run a command to its end; what it said."""
        done = subprocess.run(
            command,
            cwd=at,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == wanted, f"{command}\n{done.stdout[-3000:]}"
        return done.stdout

    def account(self) -> tuple[int, int]:
        """The numbers of the user and the group that the program has."""
        user, group = self.last.those("USER")[-1].split(":")
        return int(user), int(group)

    def environment(self) -> dict[str, str]:
        """What the program finds set."""
        said = self.last.environment()
        path = said.pop("PATH").replace("$PATH", os.environ["PATH"])
        found = {key: replaced(value, self.places) for key, value in said.items()}
        return {"PATH": replaced(path, self.places), "HOME": str(self.home), **found}

    def as_account(self, command: list[str]) -> list[str]:
        """A command as the image's user, where somebody may change users here."""
        if os.geteuid() != 0:
            return command
        user, group = self.account()
        kept = [f"--inh-caps=-all,+{CAPABILITY}", f"--ambient-caps=+{CAPABILITY}"]
        who = [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        return ["setpriv", *who, *kept, f"--bounding-set=-all,+{CAPABILITY}", *command]

    def program(self) -> str:
        """Where the entry point stands."""
        (name,) = self.last.list_of("ENTRYPOINT")
        found = shutil.which(name, path=self.environment()["PATH"])
        assert found is not None
        assert found.startswith(str(self.folder)), found
        return found


def let_in(path: str) -> bool:
    """Whether .dockerignore lets a path of the project into the image's making."""
    found = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        allows = pattern.startswith("!")
        wanted = pattern.removeprefix("!").removeprefix("**/")
        parts = path.split("/")
        whole = ("/".join(parts[: number + 1]) for number in range(len(parts)))
        names = iter(parts) if "**/" in pattern else whole
        if any(fnmatch(each, wanted) for each in names):
            found = allows
    return found
