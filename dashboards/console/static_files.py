"""The page's own files: read once, compressed once, cached by browsers for ever."""

import gzip
from hashlib import blake2b
from pathlib import Path

import msgspec
from fastapi import APIRouter, HTTPException, Request, Response

FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


class StaticFile(msgspec.Struct, frozen=True):
    """One file as it is sent."""

    kind: str
    body: bytes
    packed: bytes


class StaticFiles:
    """Every file below a folder whose kind is known; `version` changes when any of them does."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: dict[str, StaticFile] = {}
        digest = blake2b(digest_size=6)
        for path in sorted(folder.rglob("*")):
            kind = _TYPES.get(path.suffix)
            if kind and path.is_file():
                name, body = path.relative_to(folder).as_posix(), path.read_bytes()
                digest.update(name.encode() + b"\0" + body)
                self._files[name] = StaticFile(kind, body, gzip.compress(body, 9, mtime=0))
        self.version = digest.hexdigest()

    def address(self, name: str) -> str:
        """Where a page finds a file; KeyError for one that is not there."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    def file(self, name: str) -> StaticFile | None:
        """One file, None where there is none of that name."""
        return self._files.get(name)


router = APIRouter()


@router.get("/static/{version}/{name:path}", include_in_schema=False)
def static_file(request: Request, version: str, name: str) -> Response:
    """Give one file; an address of an older version still works, uncached."""
    files: StaticFiles = request.app.state.page.files
    found = files.file(name)
    if found is None:
        raise HTTPException(404, "there is no such file")
    kept = "public, max-age=31536000, immutable" if version == files.version else "no-cache"
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            found.packed, media_type=found.kind, headers=headers | {"Content-Encoding": "gzip"}
        )
    return Response(found.body, media_type=found.kind, headers=headers)
