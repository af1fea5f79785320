"""One request, one answer: the token, the limit, the connections. Nothing here knows what is asked for."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from requests import PreparedRequest, Response
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from chatworkspace import UnavailableError
from chatworkspace.ports import NotAnsweredError
from chatworkspace_coder._http.failures import LostError, OutOfTimeError, reason_of
from chatworkspace_coder._http.forks import begins_anew
from chatworkspace_coder._http.limits import Limit, OverdueError, Watchdog, left
from chatworkspace_coder._http.messages import LARGEST, Answer, Request
from chatworkspace_coder._http.pacing import Key, Pacing
from chatworkspace_coder._http.retry import AgainError, retried
from chatworkspace_coder._http.sockets import Adapter, Under
from chatworkspace_coder._http.tokens import HEADER, Tokens

_CHUNK = 64 * 1024


class AnsweredError(Exception):
    """An answer that may pass, and has not until the end."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"the server answered {answer.status}")
        self.answer = answer


class Transport:
    """The way to one server. Safe from any thread; a child of fork() begins with connections and a watchdog of its own."""

    def __init__(self, url: str, *, tokens: Tokens, connections: int, ca_file: str | None) -> None:
        self.url: str = url
        self.tokens: Tokens = tokens
        self.ca_file: str | None = ca_file
        self.version: str = ""
        """What the server has last called its version, in any answer; empty before it has."""
        self._connections = connections
        self._closed = False
        self._date: tuple[datetime, float] | None = None
        self.begin_anew()
        begins_anew(self)

    def begin_anew(self) -> None:
        """Begin without connections."""
        self._watchdog = Watchdog()
        self._pacing = Pacing()
        self._ended = threading.Event()
        self._adapter = Adapter(self._connections)
        self._free = threading.BoundedSemaphore(self._connections)

    # ------------------------------------------------------------ what others need

    def limit(self, deadline: float) -> Limit:
        """Return a limit for a socket of one's own. UnavailableError after close()."""
        self._check()
        return self._watchdog.limit(deadline)

    def now(self) -> datetime | None:
        """Return the server's time of day, as far as its answers have told it."""
        told = self._date
        return None if told is None else told[0] + timedelta(seconds=time.monotonic() - told[1])

    @property
    def guarded(self) -> bool:
        """The watchdog's thread is there."""
        return self._watchdog.running

    def close(self) -> None:
        """End requests under way, connections and the watchdog. Idempotent."""
        self._closed = True
        self._ended.set()
        self._watchdog.close()
        self._adapter.close()

    def _check(self) -> None:
        if self._closed:
            raise UnavailableError("the client is closed", retryable=False)

    # ------------------------------------------------------------ reads and changes

    def read(self, request: Request, deadline: float, may_pass: Callable[[Answer], bool]) -> Answer:
        """Ask, and ask again while the answer is one that may pass; slowly, where the server's limit is near. UnavailableError."""
        try:
            return retried(lambda: self._attempt(request, deadline, may_pass), deadline, self._ended.wait)
        except AnsweredError as error:
            return error.answer

    def _attempt(self, request: Request, deadline: float, may_pass: Callable[[Answer], bool]) -> Answer:
        failure: UnavailableError
        path = (self.tokens.holder(request.owner_id), request.path)
        self._check()
        self._take_turn(path, deadline)
        try:
            answer = self.once(request, deadline)
        except LostError as lost:
            failure = (OutOfTimeError if lost.overdue else UnavailableError)(str(lost))
        else:
            self._pacing.note(path, answer, now=time.monotonic())
            if not may_pass(answer):
                return answer
            raise AgainError(AnsweredError(answer), retry_after=answer.retry_after)
        raise AgainError(failure)

    def _take_turn(self, path: Key, deadline: float) -> None:
        """Wait until the path may be read. AgainError: the server has asked for patience, and it is not over."""
        refused = self._pacing.refusal(path, now=time.monotonic())
        if refused is not None:
            answer, seconds = refused
            raise AgainError(AnsweredError(answer), retry_after=seconds)
        self._ended.wait(self._pacing.turn(path, now=time.monotonic(), deadline=deadline))

    def change(self, request: Request, deadline: float) -> Answer:
        """Ask, once. NotAnsweredError: it was sent; UnavailableError: it was not."""
        try:
            return self.once(request, deadline)
        except LostError as error:
            lost = error
        if lost.sent:
            raise NotAnsweredError(str(lost))
        raise UnavailableError(str(lost))

    def once(self, request: Request, deadline: float) -> Answer:
        """Ask once. LostError, UnavailableError (no token, closed)."""
        self._check()
        prepared = self._prepared(request)  # before a slot is taken: whoever is asked for the token may ask the server for it
        limit = self._watchdog.limit(deadline)
        free = self._free
        if not free.acquire(timeout=min(max(deadline - time.monotonic(), 0.0), threading.TIMEOUT_MAX)):
            raise LostError("all connections were in use", sent=False, overdue=True)
        try:
            with limit, Under(limit):
                return self._exchange(prepared, limit)
        finally:
            free.release()

    def _exchange(self, prepared: PreparedRequest, limit: Limit) -> Answer:
        reason = ""
        try:
            seconds = left(limit.deadline)
            verify = self.ca_file or True
            with closing(self._adapter.send(prepared, stream=True, timeout=(seconds, seconds), verify=verify)) as response:
                answer = Answer(status=response.status_code, headers=_headers(response), body=_body(response))
        except (RequestException, HTTPError, OverdueError, OSError, ValueError) as error:
            reason = reason_of(error)  # its own text may hold anything, and it holds the request
        else:
            self.note(answer)
            return answer
        overdue = limit.struck or time.monotonic() >= limit.deadline
        raise LostError("not answered in time" if overdue else f"no answer: {reason}", sent=limit.sent, overdue=overdue)

    def _prepared(self, request: Request) -> PreparedRequest:
        headers = {"Accept": "application/json", "User-Agent": "chatworkspace", HEADER: self.tokens.of(request.owner_id)}
        data = None
        if request.body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(request.body).encode()
        prepared = PreparedRequest()
        prepared.prepare(method=request.method, url=self.url + request.path, headers=headers, params=dict(request.query), data=data)
        return prepared

    def note(self, answer: Answer) -> None:
        """Take in what every answer says of the server: its version, and its time of day."""
        self.version = answer.version or self.version
        try:
            told = parsedate_to_datetime(answer.headers.get("date", ""))
        except (ValueError, TypeError, OverflowError):
            return
        if told.tzinfo is not None:
            self._date = told, time.monotonic()


def _headers(response: Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _body(response: Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > LARGEST:
            raise ValueError("too large")
    return bytes(body)
