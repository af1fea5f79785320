"""Workers: processes with the library in them, forked from one that has everything imported, and told what to do by lines of JSON.

`python -m tests.crash.worker FD` is the one that they are forked from. It gets its orders, and one end of each worker's line, through that socket.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from importlib import import_module
from random import Random
from typing import Any, cast

import attrs

from chatworkspace import ChatWorkspaceError, ChatWorkspaces, Outcome, Timeouts
from chatworkspace.outcomes import Sweep
from chatworkspace.ports import AgentDialer, Store, WorkspaceCreator
from chatworkspace_coder import CoderClient
from chatworkspace_fake import ScaledClock
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_local import LocalPlatform
from tests.crash import deeds
from tests.crash.gate import Blow, Blows, Gate
from tests.crash.stores import ScaledStore, opened

Json = dict[str, Any]
GRACE = 0.5
"""Real seconds that processes of a workspace on this machine have to end."""


@attrs.frozen(kw_only=True)
class Settings:
    """What a worker works with."""

    store: str
    """A URL."""
    coder: str
    """A URL, or `local:` and the root of a platform on this machine."""
    token: str
    speed: float = 1.0
    """Seconds of the service that pass in one."""
    creating: float = 25.0
    """Seconds, as the service counts them."""
    claims: bool = True
    """False: a claim keeps nobody out."""
    aged: bool = False
    """Every plan has stood long enough for a sweep."""
    model: bool = False
    """Do as the model system does."""
    owner: tuple[str, ...] = (str(OWNER), str(ORGANIZATION))
    """Of chats that are opened meanwhile, and the organization."""
    nested: bool = False
    """Who is told that a chat has changed asks at once how it is."""


class Worker:
    """Obeys orders: each in a thread of its own, save those that arm something. Its line is written to by any thread."""

    def __init__(self, line: socket.socket, settings: Settings) -> None:
        self._line = line
        self._lock = threading.Lock()
        self._settings = settings
        self._clock = ScaledClock(settings.speed)
        self._blows = Blows(lambda moment: self.say({"at": moment}))

    def say(self, what: Json) -> None:
        """Send one line. If nobody listens any more, end."""
        try:
            with self._lock:
                self._line.sendall(json.dumps(what).encode() + b"\n")
        except OSError:
            os._exit(1)

    def serve(self) -> None:
        """Obey until the line ends."""
        with ExitStack() as stack, self._line.makefile("r", encoding="utf-8") as orders:
            service = self._model() if self._settings.model else self._service(stack.enter_context(opened(self._settings.store)))
            self.say({"up": os.getpid()})
            for line in orders:
                order: Json = json.loads(line)
                if order["do"] == "arm":
                    self._blows.arm(Blow(moment=order["moment"], kind=order["kind"], lost=order["lost"]))
                    self.say({"id": order["id"], "told": {}})
                else:
                    threading.Thread(target=self._obey, args=(service, order), daemon=True).start()

    def _service(self, store: Store) -> ChatWorkspaces:
        settings, clock, blows = self._settings, self._clock, self._blows
        scaled = ScaledStore(store, clock, claims=settings.claims, aged=settings.aged)
        coder = Gate("coder", _platform(settings), blows, clock)

        def updated(outcome: Outcome) -> None:
            if settings.nested:
                service.status(outcome.chat.id)

        service = ChatWorkspaces(
            store=cast("Store", Gate("store", scaled, blows, clock)),
            creator=cast("WorkspaceCreator", coder),
            dialer=cast("AgentDialer", coder),
            clock=clock,
            timeouts=Timeouts(creating=settings.creating),
            on_chat_updated=updated,
        )
        return service

    def _model(self) -> ChatWorkspaces:
        from tests.crash.model import ModelSystem  # noqa: PLC0415 # only what is used

        client = CoderClient(self._settings.coder, token=self._settings.token)
        return cast("ChatWorkspaces", ModelSystem(client, self._settings.store, self._clock))

    # ------------------------------------------------------------ orders

    def _obey(self, service: ChatWorkspaces, order: Json) -> None:
        arguments: Json = order.get("arguments", {})
        if order["do"] == "work":
            self._work(service, **arguments)
            self.say({"id": order["id"], "told": {}})
        else:
            began = time.monotonic()
            told = _attempt(lambda: getattr(service, order["do"])(*order.get("of", ()), **arguments))
            self.say({"id": order["id"], "told": told | {"seconds": time.monotonic() - began}})

    def _work(  # of an order
        self,
        service: ChatWorkspaces,
        *,
        chats: list[str],
        templates: list[str],
        threads: int,
        seed: int,
        until_ready: bool,
        own: tuple[str, ...] = (),
    ) -> None:
        """Have many threads at work: with each chat until it is ready, shared out; or with any chat, for ever."""
        next_chat = _shared_out(chats, seed)
        created = {"template_id": templates[0], "wait": deeds.PATIENCE}

        def finish(number: int) -> None:
            del number
            while (chat_id := next_chat()) is not None:
                while not self._do(service, "create", chat_id, created):
                    time.sleep(0.02)

        def go_on(number: int) -> None:
            chance = Random(f"{seed}-{number}")
            while True:
                if self._settings.model:
                    self._do(service, "create", chance.choice(chats), created | {"template_id": chance.choice(templates)})
                else:
                    self._do(service, *deeds.drawn(chance, chats=chats, templates=templates, own=own))
                time.sleep(chance.random() * 0.1)

        run: Callable[[int], None] = finish if until_ready else go_on
        each = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(threads)]
        for thread in each:
            thread.start()
        for thread in each:
            thread.join()

    def _do(self, service: ChatWorkspaces, deed: str, chat_id: str, told: Json) -> bool:
        """Do something with a chat, report what it came to, and tell whether it is ready. What leaves something behind is reported before, too."""
        if deed in deeds.LEAVING or told.get("replace"):
            self.say({"chat": chat_id, "deed": deed, "told": {"ready": False, "reason": deeds.ASKED}})
        answer = _attempt(lambda: deeds.done(service, deed, chat_id, told, self._settings.owner))
        self.say({"chat": chat_id, "deed": deed, "told": answer})
        return bool(answer["ready"])


def _platform(settings: Settings) -> CoderClient | LocalPlatform:
    kind, _, root = settings.coder.partition(":")
    return LocalPlatform(root, grace=GRACE) if kind == "local" else CoderClient(settings.coder, token=settings.token)


def _shared_out(chats: list[str], seed: int) -> Callable[[], str | None]:
    """Return what gives each chat once, in an order of chance, whichever thread asks; None: there is none left."""
    left = list(chats)
    Random(seed).shuffle(left)
    taken = iter(left)
    lock = threading.Lock()

    def next_chat() -> str | None:
        with lock:
            return next(taken, None)

    return next_chat


def _attempt(call: Callable[[], Any]) -> Json:
    """Return what a call came to, as JSON."""
    try:
        result = call()
    except ChatWorkspaceError as error:
        told = {"error": type(error).__name__, "message": str(error), "reason": error.reason.value}
        return {"ready": False, "retryable": error.retryable, **told}
    except Exception as error:  # noqa: BLE001 # whatever it is, it is told, and the test fails
        return {"ready": False, "error": type(error).__name__, "message": f"{error} (unexpected)", "reason": "unexpected"}
    if isinstance(result, Outcome):
        workspace_id = None if result.workspace_id is None else str(result.workspace_id)
        return {
            "ready": result.ready,
            "state": result.state.value,
            "reason": result.reason.value,
            "workspace_id": workspace_id,
            "generation": result.chat.generation,
            "left_behind": None if result.left_behind is None else str(result.left_behind.workspace_id),
        }
    if isinstance(result, Sweep):
        errors, strays, deleted = dict(result.errors), [str(it.id) for it in result.strays], [str(it) for it in result.deleted]
        return {"ready": True, "strays": strays, "settled": result.settled, "deleted": deleted, "errors": errors}
    return {"ready": True, "result": str(result)}


# ---------------------------------------------------------------- the one that they are forked from


def main(descriptor: int) -> None:
    """Fork on order, and tell the process id; keep who has ended until told, so that no process id is used twice. End with the line, and end all."""
    _load()
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # it tells of every connection that a restart has cost
    children: set[int] = set()
    with socket.socket(fileno=descriptor) as orders:
        orders.sendall(b"up\n")
        while True:
            data, descriptors, *_ = socket.recv_fds(orders, 65536, 1)
            if not data:
                break
            order: Json = json.loads(data)
            if order["do"] == "fork":
                child = os.fork()
                if not child:
                    _become_worker(orders, descriptors[0], order["settings"])
                os.close(descriptors[0])
                children.add(child)
                orders.sendall(b"%d\n" % child)
            else:
                os.waitpid(order["pid"], 0)
                children.discard(order["pid"])
                orders.sendall(b"gone\n")
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _become_worker(orders: socket.socket, descriptor: int, settings: Mapping[str, Any]) -> None:
    status = 1
    try:
        orders.close()
        Worker(socket.socket(fileno=descriptor), Settings(**settings)).serve()
        status = 0
    except BaseException:  # noqa: BLE001 # it ends here, and says why
        traceback.print_exc()
    finally:
        os._exit(status)


def _load() -> None:
    """Import what a first call imports."""
    for name in (
        "hashlib",
        "hmac",
        "chatworkspace._application.connecting",
        "chatworkspace._application.deleting",
        "chatworkspace._application.leaving",
        "chatworkspace._application.sweeping",
    ):
        import_module(name)


if __name__ == "__main__":
    main(int(sys.argv[1]))
