"""What is asked of workers when a storm is over."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import cast

import pytest

from tests.crash.processes import Told, Worker
from tests.crash.storm import asked


class Answering:
    """A worker that gives each chat these answers, one after the other; the last of them stays."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self._answers = {chat_id: list(reasons) for chat_id, reasons in answers.items()}
        self.calls = list[str]()

    def order(self, do: str, chat_id: str) -> Future[Told]:
        """Answer at once."""
        assert do == "delete"
        self.calls.append(chat_id)
        reasons = self._answers[chat_id]
        answer = Future[Told]()
        answer.set_result({"reason": reasons.pop(0) if len(reasons) > 1 else reasons[0]})
        return answer


@pytest.mark.parametrize(
    ("reasons", "told", "calls"),
    [(["busy", "busy", "deleted"], "deleted", 3), (["busy"], "busy", 6), (["platform_unavailable", "deleted"], "platform_unavailable", 1)],
    ids=["at last", "for ever", "something else"],
)
def test_whoever_is_told_that_somebody_else_is_at_it_asks_again(reasons: list[str], told: str, calls: int) -> None:
    """Alone, and not for ever: what else is told is judged as it is."""
    worker = Answering(first=["deleted"], second=reasons)
    found = asked(cast("Worker", worker), "delete", ["first", "second"])
    assert {chat_id: it["reason"] for chat_id, it in found.items()} == {"first": "deleted", "second": told}
    assert worker.calls == ["first", *["second"] * calls]
