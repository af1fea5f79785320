"""Stores that break a rule of what is over and past."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chatworkspace.ports import Look
from chatworkspace_fake import MemoryStore
from tests.contract.broken.stores.kinds import STORES


@STORES.breaks("sweep.owned")
class OwnsById(MemoryStore):
    """owned() goes by ids alone."""

    def owned(self, *, after: str = "", limit: int = 500) -> Sequence[tuple[str, Look]]:
        """Sort a page again."""
        return sorted(super().owned(after=after, limit=limit), key=lambda row: row[1].chat.id)


@STORES.breaks("sweep.finish")
class FinishesAtOnce(MemoryStore):
    """finish() asks for no age."""

    def finish(self, chat_ids: Sequence[str], closed_for: float) -> None:
        """Finish them however young."""
        del closed_for
        super().finish(chat_ids, 0)


@STORES.breaks("sweep.finish-stray")
class ForgetsStrays(MemoryStore):
    """What is finished stays finished."""

    def record_stray(self, chat_id: str, workspace_id: UUID, note: str) -> None:
        """Note it, and no more."""
        finished = self._rows[chat_id].finished
        super().record_stray(chat_id, workspace_id, note)
        self._rows[chat_id].finished = finished


@STORES.breaks("purge.gone")
class CountsAndKeeps(MemoryStore):
    """purge() tells how many there are, and removes none."""

    def purge(self, older_than: float, *, limit: int = 500) -> int:
        """Count."""
        del limit
        return sum(row.finished and row.closed_for(older_than, self._now()) for row in self._rows.values())


@STORES.breaks("purge.what-stays")
class PurgesAllThatIsClosed(MemoryStore):
    """purge() asks for no sweep."""

    def purge(self, older_than: float, *, limit: int = 500) -> int:
        """Finish them first."""
        self.finish(list(self._rows), 0)
        return super().purge(older_than, limit=limit)


@STORES.breaks("purge.batches")
class PurgesAllAtOnce(MemoryStore):
    """purge() knows no limit."""

    def purge(self, older_than: float, *, limit: int = 500) -> int:
        """Remove all."""
        del limit
        return super().purge(older_than)


@STORES.breaks("purge.attached-elsewhere")
class ForgetsWhoIsBound(MemoryStore):
    """purge() forgets all of what a chat has made."""

    def purge(self, older_than: float, *, limit: int = 500) -> int:
        """Forget bindings, too."""
        self._register.bound.clear()
        return super().purge(older_than, limit=limit)
