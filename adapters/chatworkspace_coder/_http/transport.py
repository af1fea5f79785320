"""One request, one answer: the token, the limit, the connections. Nothing here knows what is asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import attrs
from requests import PreparedRequest, Response
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from chatworkspace import UnavailableError
from chatworkspace.ports import NotAnsweredError, interruptible
from chatworkspace_coder._http.causes import Cause, Diagnosis
from chatworkspace_coder._http.failures import LostError, diagnosed, told
from chatworkspace_coder._http.forks import begins_anew
from chatworkspace_coder._http.limits import Limit, OverdueError, UnwatchedError, Watchdog, left
from chatworkspace_coder._http.messages import Answer, Request
from chatworkspace_coder._http.pacing import Pacing
from chatworkspace_coder._http.pauses import Pauses, Slots, Wanted
from chatworkspace_coder._http.retry import AgainError, retried
from chatworkspace_coder._http.sizes import PROBLEM, Size, TooLargeError, Unpacker
from chatworkspace_coder._http.sockets import Adapter, Under
from chatworkspace_coder._http.tokens import HEADER, Secret, Tokens
from chatworkspace_coder._http.ways import Way

_CHUNK = 64 * 1024
PATIENCE = 3.0
"""Seconds for which a read goes on, at most, where nothing at the URL has ever said that it is Coder: the URL may be wrong, and no wait helps."""
LATER = 5.0
"""Seconds after which such a server may be asked again."""
AGENT = {"User-Agent": "chatworkspace"}
_AWAY = frozenset({Cause.PROXY_FAILED, Cause.REFUSED, Cause.NAME_UNCLEAR, Cause.NO_WAY, Cause.NO_HTTP})


NO_THREAD = "no thread could be started, and without one no limit holds"


class AnsweredError(Exception):
    """An answer that may pass, and has not until the end."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"the server answered {answer.status}")
        self.answer = answer


class Transport:
    """The way to one server. Safe from any thread; a child of fork() begins with connections and a watchdog of its own."""

    def __init__(self, url: str, *, tokens: Tokens, connections: int, way: Way, headers: Mapping[str, Secret]) -> None:
        self.url: str = url
        self.tokens: Tokens = tokens
        self.way: Way = way
        self.headers: Mapping[str, str] = {**({} if "user-agent" in map(str.lower, headers) else AGENT), **headers}
        """What each request has beside what it is about."""
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
        self._pauses = Pauses()
        self._adapter = Adapter(self._connections, self.way.tls)
        self._slots = Slots(self._connections)

    # ------------------------------------------------------------ what others need

    def limit(self, deadline: float) -> Limit:
        """Return a limit for a socket of one's own. UnavailableError after close()."""
        self._check()
        return self._watchdog.limit(deadline)

    def now(self) -> datetime | None:
        """Return the server's time of day, as far as its answers have told it."""
        date = self._date
        return None if date is None else date[0] + timedelta(seconds=time.monotonic() - date[1])

    @property
    def guarded(self) -> bool:
        """The watchdog's thread is there."""
        return self._watchdog.running

    def close(self) -> None:
        """End requests under way, connections and the watchdog. Idempotent."""
        self._closed = True
        self._pauses.end()
        self._watchdog.close()
        self._adapter.close()

    def _check(self) -> None:
        if self._closed:
            raise UnavailableError("the client is closed", retryable=False)

    # ------------------------------------------------------------ reads and changes

    def read(self, request: Request, deadline: float, may_pass: Callable[[Answer], bool]) -> Answer:
        """Ask, and ask again while the answer is one that may pass; slowly, where the server's limit is near. UnavailableError.

        It ends early when nobody waits for the answer any more.
        """
        wanted, pauses, patient = Wanted(), self._pauses, time.monotonic() + PATIENCE

        def attempt() -> Answer:
            return self._attempt(request, deadline, may_pass, wanted, patient)

        try:
            with interruptible(wanted.give_up):
                return retried(attempt, deadline, lambda seconds: pauses.wait(seconds, wanted))
        except AnsweredError as error:
            return error.answer

    def _attempt(self, request: Request, deadline: float, may_pass: Callable[[Answer], bool], wanted: Wanted, patient: float) -> Answer:
        failure: UnavailableError
        path = (self.tokens.holder(request.owner_id), request.path)
        self._check()
        if wanted.gone:
            raise UnavailableError("nobody waits for the answer any more")
        now = time.monotonic()
        refused = self._pacing.refusal(path, now=now)
        if refused is not None:  # and the server's patience is not back yet
            return _final(*refused, may_pass)
        self._pauses.wait(self._pacing.turn(path, now=now, deadline=deadline), wanted)
        try:
            answer = self.once(request, deadline, wanted)
        except LostError as lost:
            nobody = self._is_nobody(patient) and lost.diagnosis is not None and lost.diagnosis.cause in _AWAY
            failure = told(lost, LATER if nobody else None)
            if lost.final or wanted.gone or nobody:
                raise failure from None
        else:
            self._pacing.note(path, answer, now=time.monotonic())
            if answer.status == 404 and self._is_nobody(patient):
                return attrs.evolve(answer, come_back=LATER)
            return _final(answer, answer.retry_after, may_pass)
        raise AgainError(failure)

    def _is_nobody(self, patient: float) -> bool:
        """Tell whether nothing has said its version yet, as Coder does with each answer, and whoever waits has been patient."""
        return not self.version and time.monotonic() >= patient

    def change(self, request: Request, deadline: float) -> Answer:
        """Ask, once. NotAnsweredError: it was sent; UnavailableError: it was not."""
        try:
            return self.once(request, deadline, changes=True)
        except LostError as error:
            lost = error
        if lost.sent:
            raise NotAnsweredError(str(lost))
        raise UnavailableError(str(lost), retryable=not lost.final)

    def once(self, request: Request, deadline: float, wanted: Wanted | None = None, *, changes: bool = False) -> Answer:
        """Ask once. LostError, UnavailableError (no token, closed). changes: it may have a slot that reads have not."""
        self._check()
        prepared = self._prepared(request)  # before a slot is taken: whoever is asked for the token may ask the server for it
        limit, slots = self._watchdog.limit(deadline), self._slots
        wanted = wanted or Wanted()

        def give_up() -> None:
            wanted.give_up()
            limit.cut()

        with interruptible(give_up):
            if not slots.take(changes=changes, deadline=deadline, wanted=wanted):
                raise _lost(wanted, "all connections were in use", sent=False, overdue=True)
            try:
                with limit, Under(limit, self.way):
                    return self._exchange(prepared, request, limit, wanted)
            except UnwatchedError:
                raise LostError(NO_THREAD, sent=False, overdue=False) from None
            finally:
                slots.give_back(changes=changes)

    def _exchange(self, prepared: PreparedRequest, request: Request, limit: Limit, wanted: Wanted) -> Answer:
        try:
            seconds = left(limit.deadline)
            with closing(self._adapter.send(prepared, stream=True, timeout=(seconds, seconds))) as response:
                answer = self._answer(response, request.most, request.path)
        except (RequestException, HTTPError, OverdueError, OSError, ValueError) as error:
            overdue = limit.struck or time.monotonic() >= limit.deadline
            # of the error no more than its kind: its own text may hold anything, and it holds the request
            why = Diagnosis(Cause.SILENT, self.url) if overdue else diagnosed(error, self.url)
        else:
            self.note(answer)
            return answer
        raise _lost(wanted, why, sent=limit.sent, overdue=overdue)

    def _answer(self, response: Response, most: Size, path: str) -> Answer:
        ok = 200 <= response.status_code < 300
        most = most if ok else PROBLEM
        return Answer(
            status=response.status_code,
            url=self.url + path,
            headers=_headers(response),
            body=_body(response, most, cut=not ok),
            most=most,
            token_may_change=self.tokens.each_their_own,
        )

    def _prepared(self, request: Request) -> PreparedRequest:
        headers = {**self.headers, "Accept": "application/json", HEADER: self.tokens.of(request.owner_id)}
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
            date = parsedate_to_datetime(answer.headers.get("date", ""))
        except (ValueError, TypeError, OverflowError):
            return
        if date.tzinfo is not None:
            self._date = date, time.monotonic()


def _final(answer: Answer, asked_for: float | None, may_pass: Callable[[Answer], bool]) -> Answer:
    """Return an answer. AgainError: it is one that may pass, and not before so many seconds."""
    if not may_pass(answer):
        return answer
    raise AgainError(AnsweredError(answer), retry_after=asked_for)


def _lost(wanted: Wanted, why: str | Diagnosis, *, sent: bool, overdue: bool) -> LostError:
    """Return why no answer came; where nobody waited for it any more, that is why."""
    if wanted.gone:
        return LostError("nobody waits for the answer any more", sent=sent, overdue=False)
    return LostError(why, sent=sent, overdue=overdue)


def _headers(response: Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _body(response: Response, most: Size, *, cut: bool) -> bytes:
    """Return what came, unpacked. cut: where it is too large its beginning is enough. ValueError."""
    body = Unpacker(response.headers.get("content-encoding", ""), most.bytes)
    try:
        for piece in response.raw.stream(_CHUNK, decode_content=False):
            body.add(piece)
    except TooLargeError:
        if cut:
            return body.cut()
        raise
    return body.whole()
