"""Templates: folders of the root, and two that come with the package. One that is odd is in nobody else's way."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID, uuid5

import attrs

from chatworkspace import Template
from chatworkspace.ports import fit_text
from chatworkspace_local._toml import TemplateError, Told, parse
from chatworkspace_local._worker.files import OddFileError, check_folder, open_regular, read_file
from chatworkspace_local._worker.jobs import MOST_OF_SETUP, SETUP

OWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
"""The folder of those that come with the package."""
MOST_OF_TOML = 256 * 1024
MOST_OF_README = 256 * 1024
MOST_FILES = 10_000
"""Files of a template whose change makes another version of it."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@attrs.frozen(kw_only=True)
class LocalTemplate:
    """A template, and where it is. problem: why it cannot be used, or empty."""

    template: Template
    folder: str
    told: Told
    problem: str = ""


class Templates:
    """The templates of one root. Reads the disk each time; nothing is kept. Safe from any thread."""

    def __init__(self, folder: str, organization_id: UUID) -> None:
        self._folder = folder
        self._organization_id = organization_id

    def all(self) -> list[LocalTemplate]:
        """Return all, by name. One of the root takes the place of one of the package that has its name. OSError."""
        folders = {name: os.path.join(place, name) for place in (OWN, self._folder) for name in _names(place)}
        return [self._read(name, folders[name]) for name in sorted(folders)]

    def get(self, template_id: UUID) -> LocalTemplate | None:
        """Return one; None: there is none."""
        return next((it for it in self.all() if it.template.id == template_id), None)

    def _read(self, name: str, folder: str) -> LocalTemplate:
        template_id = uuid5(self._organization_id, f"template {name}")
        version_id, told, readme, problem = uuid5(template_id, ""), Told(), "", ""
        try:
            if not folder.startswith(OWN):
                check_folder(folder)
            version_id = uuid5(template_id, _digest(folder))
            told = parse(_read_or_nothing(f"{folder}/template.toml", "template.toml", MOST_OF_TOML), version_id)
            _see_setup(f"{folder}/{SETUP}")
            readme = fit_text(_read_or_nothing(f"{folder}/README.md", "README.md", MOST_OF_README).decode("utf-8", "replace"))
        except TemplateError as error:
            problem = str(error)
        except OddFileError as error:
            problem = f"the template's folder {error}"
        except OSError as error:
            problem = f"the template cannot be read: {error.strerror}"
        template = Template(
            id=template_id,
            organization_id=self._organization_id,
            name=name,
            version_id=version_id,
            display_name=fit_text(told.display_name),
            description=fit_text(f"cannot be used: {problem}" if problem else told.description),
            readme=readme,
        )
        return LocalTemplate(template=template, folder=folder, told=told, problem=problem)


def _names(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for it in entries:
            if _NAME.fullmatch(it.name) and it.is_dir(follow_symlinks=False):
                yield it.name


@contextmanager
def _told_of(name: str) -> Generator[None, None, None]:
    """Tell of one of a template's files what is wrong with it. TemplateError; FileNotFoundError stays."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OddFileError as error:
        raise TemplateError(f"{name} {error}") from None
    except OSError as error:
        raise TemplateError(f"{name} cannot be read: {error.strerror}") from None


def _read_or_nothing(path: str, name: str, most: int) -> bytes:
    with suppress(FileNotFoundError), _told_of(name):
        return read_file(path, most)
    return b""


def _see_setup(path: str) -> None:
    """TemplateError: a template's setup cannot be one, and a build would fail for it."""
    with suppress(FileNotFoundError), _told_of(SETUP), open(open_regular(path), "rb") as file:
        if os.fstat(file.fileno()).st_size > MOST_OF_SETUP:
            raise TemplateError(f"{SETUP} has more than {MOST_OF_SETUP:,} bytes")


def _digest(folder: str) -> str:
    """Return what changes with a template: names, sizes, times and modes of its files, up to a limit."""
    seen, waiting, files = hashlib.sha256(), [folder], 0
    while waiting and files < MOST_FILES:
        with os.scandir(waiting.pop()) as entries:
            for it in sorted(entries, key=lambda it: it.name):
                found = it.stat(follow_symlinks=False)
                files += 1
                if stat.S_ISDIR(found.st_mode):
                    waiting.append(it.path)
                    seen.update(repr((os.path.relpath(it.path, folder), found.st_mode)).encode())
                else:
                    seen.update(repr((os.path.relpath(it.path, folder), found.st_mode, found.st_size, found.st_mtime_ns)).encode())
    return seen.hexdigest()
