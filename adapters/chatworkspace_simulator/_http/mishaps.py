"""What goes wrong between a client and the server: with the bytes, whatever they mean."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

import attrs

from chatworkspace import InvalidArgumentError
from chatworkspace_fake._arguments import check_finite_seconds, check_flag, check_text, check_texts_by_name, check_whole
from chatworkspace_fake._platform.faults import Odds
from chatworkspace_simulator._http.messages import HTML, ApiError, Reply

_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n<hr><center>proxy</center>\r\n</body>\r\n</html>\r\n"
_REASONS = {502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out", 429: "429 Too Many Requests"}


@attrs.define(kw_only=True)
class Mishap:
    """What happens to an answer."""

    request: str
    """Method, and the end of the path: `POST /workspaces`."""
    skip: int
    left: int
    odds: Odds | None = None
    """It strikes by chance, however often."""
    what: str = ""
    seconds: float = 0.0
    after: int = 0
    instead: Reply | None = None
    acted: bool = True
    """The request is acted upon all the same."""

    def __str__(self) -> str:
        return f"{self.request}: {self.what or 'nothing chosen'} ({self.left} more)"

    def meets(self, method: str, path: str) -> bool:
        """Say whether it is for such a request."""
        wanted, _, pattern = self.request.partition(" ")
        expected, segments = pattern.strip("/").split("/"), path.strip("/").split("/")[-len(pattern.strip("/").split("/")) :]
        if wanted not in {"*", method} or len(expected) != len(segments):
            return False
        return all(want in {"*", is_} for want, is_ in zip(expected, segments, strict=True))


class WireFault:
    """What happens on the wire to the chosen requests. Each method arms it."""

    def __init__(self, mishap: Mishap, arm: list[Mishap]) -> None:
        self._mishap = mishap
        self._armed = arm

    def lose_request(self) -> None:
        """Close the connection without a byte of an answer, and do not act upon it."""
        self._set("lose_request", acted=False)

    def lose_answer(self) -> None:
        """Act upon it, and close the connection without a byte of an answer."""
        self._set("lose_answer")

    def arrive_late(self, seconds: float) -> None:
        """Close the connection without a byte of an answer; so many seconds of the platform's clock later it is acted upon. InvalidArgumentError."""
        self._set("arrive_late", seconds=check_finite_seconds("seconds", seconds), acted=False)

    def drip(self, seconds: float = 0.05, *, headers: bool = False) -> None:
        """Send the body (or the headers too) a byte at a time, so many real seconds apart. InvalidArgumentError."""
        self._set("drip", seconds=check_finite_seconds("seconds", seconds), after=int(check_flag("headers", headers)))

    def reset(self, *, after: int = 2) -> None:
        """Reset the connection in the middle of the answer; of a stream, after so many messages. InvalidArgumentError."""
        self._set("reset", after=check_whole("after", after, least=0))

    def stall(self, *, after: int = 2) -> None:
        """Say nothing more from the middle of the answer on, without closing; of a stream, after so many messages. InvalidArgumentError."""
        self._set("stall", after=check_whole("after", after, least=0))

    def proxy_page(self, status: int = 502, *, acted: bool = False) -> None:
        """Answer with a proxy's page. acted: the request went through all the same. InvalidArgumentError."""
        check_whole("status", status, least=200, most=599)
        check_flag("acted", acted)
        page = _PAGE.format(_REASONS.get(status, f"{status} Error")).encode()
        self._set("proxy_page", instead=Reply(status=status, body=page, content_type=HTML), acted=acted)

    def refuse(self, status: int, message: str = "", *, detail: str = "", validations: Mapping[str, str] | None = None, acted: bool = False) -> None:
        """Answer with an error of the server's own form, whatever was asked. acted: it was done all the same. InvalidArgumentError."""
        check_whole("status", status, least=400, most=599)
        check_text("message", message)
        check_text("detail", detail)
        check_flag("acted", acted)
        fields = tuple(check_texts_by_name("validations", {} if validations is None else validations).items())
        self._set("refuse", instead=ApiError(status, message, detail=detail, validations=fields).reply, acted=acted)

    def take(self, seconds: float) -> None:
        """Act upon it so many seconds of the platform's clock later, and answer then. InvalidArgumentError."""
        self._set("take", seconds=check_finite_seconds("seconds", seconds))

    def redirect(self, url: str, *, status: int = 307) -> None:
        """Send the client elsewhere. InvalidArgumentError."""
        check_text("url", url, empty=False)
        check_whole("status", status, least=300, most=399)
        self._set("redirect", instead=Reply(status=status, content_type=HTML, headers={"Location": url}), acted=False)

    def disarm(self) -> None:
        """Let it strike no more."""
        self._mishap.left = 0

    def _set(self, what: str, *, seconds: float = 0.0, after: int = 0, instead: Reply | None = None, acted: bool = True) -> None:
        it = self._mishap
        it.what, it.seconds, it.after, it.instead, it.acted = what, seconds, after, instead, acted
        self._armed.append(it)


class Mishaps:
    """The faults of the wire that are armed. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._armed: list[Mishap] = []

    def when(self, request: object, *, nth: int, times: int, odds: Odds | None) -> WireFault:
        """Choose requests. InvalidArgumentError."""
        method, space, path = request.partition(" ") if isinstance(request, str) else ("", "", "")
        if not (space and path.startswith("/") and (method == "*" or method.isupper())):
            raise InvalidArgumentError("request", "a method and the end of a path, such as 'GET /workspaces/*'")
        check_whole("nth", nth, least=1)
        check_whole("times", times, least=1)
        return WireFault(Mishap(request=f"{method} {path}", skip=nth - 1, left=times, odds=odds), self._armed)

    def struck(self, method: str, path: str) -> Mishap | None:
        """Count a request, and return what happens to it."""
        chosen: Mishap | None = None
        with self._lock:
            for mishap in self._armed:
                if not mishap.left or not mishap.meets(method, path):
                    continue
                if mishap.odds is not None:
                    chosen = mishap if chosen is None and mishap.odds.strike() else chosen
                elif mishap.skip:
                    mishap.skip -= 1
                elif chosen is None:
                    mishap.left -= 1
                    chosen = mishap
        return chosen

    def unstruck(self) -> tuple[str, ...]:
        """Return what was armed and has not struck (as often as it was to). What strikes by chance is left out."""
        with self._lock:
            return tuple(str(mishap) for mishap in self._armed if mishap.left and mishap.odds is None)
