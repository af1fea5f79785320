"""The statements, one for each method. What each decides, it decides on rows that it has locked itself.

Under READ COMMITTED a statement reads what was committed when it began, save a row that it waits for: that it reads anew. So each that changes a
chat begins with the chat's row, locked and therefore as it is now, and goes on only from what stands in it. Whose a workspace is stands in the
workspace's row, which ON CONFLICT locks and reads as it is now, even where another made it after this statement began. What is written beside
(the history, a count) is found by keys that the chat's row names; a row that was accepted was committed before the statement began, and what it
names as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from chatworkspace.ports import NOTES, TAKEN_OVER
from chatworkspace_postgres._qualified import qualified

_PLACE = re.compile(r"%\((\w+)\)s")


@attrs.frozen(eq=False, repr=False)
class Statement:
    """SQL with {schema} for the schema, %(name)s for its parameters, which travel beside it and are never part of it, and := where SET assigns."""

    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, in the order of their numbers."""
        return tuple(dict.fromkeys(_PLACE.findall(self.text)))

    def within(self, schema: str) -> Prepared:
        """Return it for a schema, which is quoted already."""
        names = self.names
        text = _PLACE.sub(lambda match: f"${names.index(match[1]) + 1}", qualified(self.text).replace("{schema}", schema))
        return Prepared(text.encode("ascii"), names)


@attrs.frozen(eq=False, repr=False)
class Prepared:
    """As it is sent."""

    text: bytes
    names: tuple[str, ...]

    def values(self, given: Mapping[str, str | None]) -> list[str | None]:
        """Return the parameters in their order."""
        return [given[name] for name in self.names]


COLUMNS = (
    "id",
    "owner_id",
    "organization_id",
    "generation",
    "workspace_id",
    "closed",
    "name",
    "number",
    "template_id",
    "preset_id",
    "fingerprint",
    "epoch",
    "token",
    "written",
    "claimed_for",
    "held_for",
    "planned_for",
)
"""Of a chat's row as it is read. The last three are seconds; null, by which the row is told to be odd, where somebody has written `infinity`.

A claim from the future is free: the clock was set back, and would keep the chat."""
_ROW = f"""{", ".join(COLUMNS[:-3])},
    CASE WHEN NOT (isfinite(taken_at) AND isfinite(until)) THEN NULL
        WHEN taken_at <= now AND now < until THEN extract(epoch FROM until - now) ELSE 0 END AS claimed_for,
    CASE WHEN isfinite(taken_at) THEN greatest(extract(epoch FROM now - taken_at), 0) END AS held_for,
    CASE WHEN isfinite(planned_at) THEN greatest(extract(epoch FROM now - planned_at), 0) END AS planned_for"""

# ---------------------------------------------------------------- reading

# now: asked for after the statement began, so later than any claim that it can see
_NOW = "clock AS MATERIALIZED (SELECT clock_timestamp() AS now)"

LOOK = Statement(
    f"WITH {_NOW} SELECT {_ROW}, (SELECT max(number) FROM {{schema}}.version) "  # noqa: S608 # our own names
    "FROM {schema}.chat, clock WHERE id = %(chat_id)s::text"
)
"""With the version of the tables: every call of the service begins with a look, and so none of an older library goes on in newer tables."""
CHATS = Statement(
    f"WITH {_NOW} SELECT {_ROW} FROM {{schema}}.chat, clock WHERE id > %(after)s::text ORDER BY id LIMIT %(limit)s::bigint"  # noqa: S608 # as above
)
OWNED = Statement(
    f"WITH {_NOW} SELECT {_ROW} FROM {{schema}}.chat, clock WHERE NOT finished "  # noqa: S608 # as above
    "AND (owner_id, organization_id, id) > (%(owner_id)s::uuid, %(organization_id)s::uuid, %(after)s::text) "
    "ORDER BY owner_id, organization_id, id LIMIT %(limit)s::bigint"
)
PLANNED = Statement(
    f"WITH {_NOW}, planned AS (SELECT {_ROW} FROM {{schema}}.chat, clock WHERE template_id IS NOT NULL ORDER BY planned_at) "  # noqa: S608 # as above
    "SELECT * FROM planned WHERE planned_for IS NULL OR claimed_for IS NULL OR planned_for >= %(older_than)s::double precision"
)
"""Also those of odd rows, however long they stand: whoever sweeps is told."""


def _microseconds(instant: str) -> str:
    return f"CASE WHEN NOT isfinite({instant}) THEN 'infinite' ELSE (extract(epoch FROM {instant}) * 1000000)::bigint::text END"


HISTORY_COLUMNS = ("generation", "name", "template_id", "preset_id", "replaces", "workspace_id", "planned_at", "bound_at", "notes")
"""Of an intent as it is read: instants in microseconds since 1970, notes and how often each was made as JSON.

An instant is `infinite`, by which the row is told to be odd, where somebody has written that."""
HISTORY = Statement(f"""
SELECT intent.generation, intent.name, intent.template_id, intent.preset_id, replaces, intent.workspace_id,
    {_microseconds("intent.planned_at")}, {_microseconds("bound_at")},
    (SELECT json_agg(json_build_array(note.text, note.times) ORDER BY note.number) FROM {{schema}}.note AS note
        WHERE note.chat_id = intent.chat_id AND note.generation = intent.generation)
FROM {{schema}}.chat LEFT JOIN {{schema}}.intent ON intent.chat_id = chat.id
WHERE chat.id = %(chat_id)s::text
ORDER BY intent.generation
""")  # noqa: S608 # of our own words

# ---------------------------------------------------------------- what is made once

# Who loses the race sees neither row, for this statement began before the other's commit: no row comes back, and it is asked again.

SECRET = Statement("""
WITH made AS (
    INSERT INTO {schema}.secret (id, value)
    SELECT 1, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
    WHERE NOT EXISTS (SELECT FROM {schema}.secret)
    ON CONFLICT (id) DO NOTHING
    RETURNING value
), known AS (SELECT value FROM made UNION ALL SELECT value FROM {schema}.secret)
SELECT encode(value, 'hex'), (SELECT max(number) FROM {schema}.version) FROM known
""")
OPEN_CHAT = Statement(f"""
WITH {_NOW}, made AS (
    INSERT INTO {{schema}}.chat (id, owner_id, organization_id)
    SELECT %(chat_id)s::text, %(owner_id)s::uuid, %(organization_id)s::uuid
    WHERE NOT EXISTS (SELECT FROM {{schema}}.chat WHERE id = %(chat_id)s::text)
    ON CONFLICT (id) DO NOTHING
    RETURNING *
), known AS (SELECT * FROM made UNION ALL SELECT * FROM {{schema}}.chat WHERE id = %(chat_id)s::text)
SELECT {_ROW} FROM known, clock
""")  # noqa: S608 # our own names

# ---------------------------------------------------------------- the claim

# now: asked for when the lock is there, however long that took
_SEEN = """
WITH locked AS MATERIALIZED (
    SELECT * FROM {schema}.chat WHERE id = %(chat_id)s::text FOR NO KEY UPDATE
), seen AS MATERIALIZED (
    SELECT *, clock_timestamp() AS now FROM locked
)"""


def _told(changed: str, *, notify: bool = False) -> str:
    """Return what each of them answers: whether it was done, and the row as it is now."""
    wanted = "done AND %(payload)s::text IS NOT NULL"
    notified = f"CASE WHEN {wanted} THEN pg_notify(%(channel)s::text, %(payload)s::text)::text END" if notify else "NULL"
    return f"""
SELECT done, {_ROW}, {notified} FROM (
    SELECT true AS done, {changed}.* FROM {changed} UNION ALL SELECT false, seen.* FROM seen WHERE NOT EXISTS (SELECT FROM {changed})
) AS told"""  # noqa: S608 # our own names


_FREE = """, free AS MATERIALIZED (
    SELECT * FROM seen
    WHERE epoch = %(epoch)s::bigint AND generation = %(generation)s::bigint
        AND coalesce(workspace_id = %(bound_to)s::uuid, workspace_id IS NULL AND %(bound_to)s::uuid IS NULL)
        AND closed = %(closed)s::boolean AND (template_id IS NOT NULL) = %(planned)s::boolean
        AND NOT (taken_at <= now AND now < until)
)"""
_LAPSED = "free.token <> '' AND NOT free.written"
"""Its holder has not given it back."""
_TAKE = (
    f"noted := CASE WHEN {_LAPSED} AND {{0}} THEN free.noted + 1 ELSE free.noted END, "
    "epoch := free.epoch + 1, token := %(token)s::text, taken_at := free.now, "
    "until := free.now + (%(ttl)s::double precision * interval '1 second'), written := false"
)

_FORGET = f""", forgotten AS (
    DELETE FROM {{schema}}.note AS note USING fresh
    WHERE note.chat_id = fresh.id AND note.number <= (
        SELECT it.number FROM {{schema}}.note AS it WHERE it.chat_id = fresh.id ORDER BY it.number DESC OFFSET {NOTES - 1} LIMIT 1
    )
)"""  # noqa: S608 # a number of ours


def _who(token: str) -> str:
    """Return what a token's holder calls itself, as ports.holder_of() has it."""
    return f"regexp_replace(regexp_replace({token}, ':?[^:]*$', ''), '^$', 'somebody')"


_OVER = f""", lapsed AS (
    SELECT claimed.id, claimed.noted, claimed.generation, '{TAKEN_OVER}' || {_who("claimed.token")} || ' from '
        || {_who("free.token")} || to_char(free.now AT TIME ZONE 'UTC', '" at "YYYY-MM-DD HH24:MI:SS" UTC"') AS text
    FROM free, claimed WHERE {_LAPSED} AND claimed.recorded
), again AS (
    UPDATE {{schema}}.note AS note SET number := lapsed.noted, times := note.times + 1
    FROM lapsed WHERE note.chat_id = lapsed.id AND note.generation = lapsed.generation AND note.text = lapsed.text
    RETURNING note.number
), fresh AS (
    SELECT * FROM lapsed WHERE NOT EXISTS (SELECT FROM again)
), noted AS (
    INSERT INTO {{schema}}.note (chat_id, number, generation, text) SELECT fresh.id, fresh.noted, fresh.generation, fresh.text FROM fresh
){_FORGET}"""  # noqa: S608 # our own names
"""Notes that a claim was taken over, as ports.taken_over() has it."""

CLAIM = Statement(f"""{_SEEN}{_FREE}, claimed AS (
    UPDATE {{schema}}.chat AS chat SET {_TAKE.format("free.recorded")}
    FROM free WHERE chat.id = free.id
    RETURNING chat.*, free.now
){_OVER}{_told("claimed")}""")  # noqa: S608 # our own names

_PLAN = """name := %(name)s::text, number := %(number)s::integer, template_id := %(template_id)s::uuid, preset_id := %(preset_id)s::uuid,
        fingerprint := %(fingerprint)s::text, planned_at := coalesce(free.planned_at, free.now)"""

CLAIM_WITH_PLAN = Statement(f"""{_SEEN}{_FREE}, claimed AS (
    UPDATE {{schema}}.chat AS chat SET {_TAKE.format("true")},
        generation := CASE WHEN free.workspace_id IS NOT NULL OR (free.template_id IS NULL AND free.recorded) THEN free.generation + 1
            ELSE free.generation END,
        recorded := true, workspace_id := NULL, {_PLAN}
    FROM free WHERE chat.id = free.id
    RETURNING chat.*, free.now
), begun AS (
    INSERT INTO {{schema}}.intent (chat_id, generation, name, template_id, preset_id, replaces, planned_at)
    SELECT claimed.id, claimed.generation, claimed.name, claimed.template_id, claimed.preset_id, free.workspace_id, claimed.planned_at
    FROM free, claimed WHERE free.template_id IS NULL OR free.workspace_id IS NOT NULL
), replanned AS (
    UPDATE {{schema}}.intent AS intent SET template_id := claimed.template_id, preset_id := claimed.preset_id
    FROM free, claimed
    WHERE free.template_id IS NOT NULL AND free.workspace_id IS NULL AND intent.chat_id = claimed.id AND intent.generation = claimed.generation
), unbound AS (
    UPDATE {{schema}}.workspace AS workspace SET bound := workspace.bound - 1
    FROM free, claimed WHERE workspace.id = free.workspace_id
){_OVER}{_told("claimed")}""")  # noqa: S608 # our own names

CLAIM_WITH_PLAN_BESIDE = Statement(f"""{_SEEN}{_FREE}, claimed AS (
    UPDATE {{schema}}.chat AS chat SET {_TAKE.format("free.recorded")}, {_PLAN}
    FROM free WHERE chat.id = free.id
    RETURNING chat.*, free.now
){_OVER}{_told("claimed")}""")  # noqa: S608 # our own names
"""What is bound stays bound."""

# ---------------------------------------------------------------- writes of the holder

_MINE = """, mine AS MATERIALIZED (
    SELECT * FROM seen WHERE epoch = %(epoch)s::bigint AND token = %(token)s::text AND NOT written
)"""
_GIVE_BACK = "until := mine.taken_at, written := true"
_UNPLAN = "template_id := NULL, preset_id := NULL, planned_at := NULL"
_WORKSPACE = "%(workspace_id)s::uuid"


def _take(maker: str) -> str:
    """Return the insertion that decides whether it may be bound: not once it was discarded, and not as the making of a second chat."""
    return f""", taken AS (
    INSERT INTO {{schema}}.workspace AS workspace (id, maker, bound)
    SELECT {_WORKSPACE}, {maker}, CASE WHEN mine.workspace_id = {_WORKSPACE} THEN 0 ELSE 1 END FROM mine
    ON CONFLICT (id) DO UPDATE SET maker := coalesce(workspace.maker, excluded.maker), bound := workspace.bound + excluded.bound
    WHERE NOT workspace.discarded AND (workspace.maker IS NULL OR excluded.maker IS NULL OR workspace.maker = excluded.maker)
    RETURNING id
)"""  # noqa: S608 # our own names


_NOTED = "noted := CASE WHEN %(note)s::text <> '' AND {0} THEN {1}.noted + 1 ELSE {1}.noted END"
"""Counts the notes of a chat. {0}: there is an intent to note it in; {1}: the chat's row as it was."""
_ADD = f""", noted AS (
    INSERT INTO {{schema}}.note (chat_id, number, generation, text)
    SELECT fresh.id, fresh.noted, fresh.generation, %(note)s::text FROM fresh
){_FORGET}"""  # noqa: S608 # our own names
_NOTE = f""", again AS (
    UPDATE {{schema}}.note AS note SET number := wrote.noted, times := note.times + 1
    FROM wrote
    WHERE note.chat_id = wrote.id AND note.number = (
        SELECT max(it.number) FROM {{schema}}.note AS it
        WHERE it.chat_id = wrote.id AND it.generation = wrote.generation AND it.text = %(note)s::text
    )
    RETURNING note.number
), fresh AS (
    SELECT id, noted, generation FROM wrote WHERE %(note)s::text <> '' AND recorded AND NOT EXISTS (SELECT FROM again)
){_ADD}"""  # noqa: S608 # our own names
"""Puts a note beside the latest intent of what was written: one that it has is counted, and is the latest again."""

_LEFT = f""", unbound AS (
    UPDATE {{schema}}.workspace AS workspace SET bound := workspace.bound - 1
    FROM mine, wrote WHERE workspace.id = mine.workspace_id AND ({_WORKSPACE} IS NULL OR workspace.id <> {_WORKSPACE})
)"""  # noqa: S608 # our own names

_SWITCHES = f"mine.workspace_id <> {_WORKSPACE}"
"""Null, and so not true, where nothing is bound."""

BIND = Statement(f"""{_SEEN}{_MINE}{_take("mine.id")}, wrote AS (
    UPDATE {{schema}}.chat AS chat SET generation := CASE WHEN {_SWITCHES} THEN mine.generation + 1 ELSE mine.generation END, recorded := true,
        workspace_id := {_WORKSPACE}, {_UNPLAN}, {_GIVE_BACK}
    FROM mine, taken WHERE chat.id = mine.id
    RETURNING chat.*, mine.now
), became AS (
    UPDATE {{schema}}.intent AS intent SET workspace_id := wrote.workspace_id, bound_at := wrote.now
    FROM mine, wrote WHERE mine.workspace_id IS NULL AND intent.chat_id = wrote.id AND intent.generation = wrote.generation
), replaced AS (
    INSERT INTO {{schema}}.intent (chat_id, generation, name, template_id, preset_id, replaces, workspace_id, planned_at, bound_at)
    SELECT wrote.id, wrote.generation, wrote.name, mine.template_id, mine.preset_id, mine.workspace_id, wrote.workspace_id, mine.planned_at,
        wrote.now
    FROM mine, wrote WHERE {_SWITCHES}
){_LEFT}{_told("wrote", notify=True)}""")  # noqa: S608 # our own names


def _change(taking: str, source: str) -> Statement:
    return Statement(f"""{_SEEN}{_MINE}{taking}, wrote AS (
    UPDATE {{schema}}.chat AS chat SET generation := mine.generation + 1, recorded := true, workspace_id := {_WORKSPACE},
        closed := mine.closed OR %(closes)s::boolean,
        closed_at := CASE WHEN %(closes)s::boolean AND NOT mine.closed THEN mine.now ELSE mine.closed_at END, {_NOTED.format("true", "mine")},
        number := %(number)s::integer, {_UNPLAN}, {_GIVE_BACK}
    FROM {source} WHERE chat.id = mine.id
    RETURNING chat.*, mine.now
), told AS (
    INSERT INTO {{schema}}.intent (chat_id, generation, name, replaces, workspace_id, bound_at)
    SELECT wrote.id, wrote.generation, wrote.name, mine.workspace_id, wrote.workspace_id, wrote.now
    FROM mine, wrote
), fresh AS (
    SELECT id, noted, generation FROM wrote WHERE %(note)s::text <> ''
){_ADD}{_LEFT}{_told("wrote", notify=True)}""")  # noqa: S608 # our own names


ATTACH = _change(_take("NULL::text"), "mine, taken")
DETACH = _change("", "mine")
"""Closes, too."""

RELEASE = Statement(f"""{_SEEN}{_MINE}, wrote AS (
    UPDATE {{schema}}.chat AS chat SET {_GIVE_BACK},
        template_id := CASE WHEN %(drop_plan)s::boolean THEN NULL ELSE mine.template_id END,
        preset_id := CASE WHEN %(drop_plan)s::boolean THEN NULL ELSE mine.preset_id END,
        planned_at := CASE WHEN %(drop_plan)s::boolean THEN NULL ELSE mine.planned_at END,
        {_NOTED.format("mine.recorded", "mine")},
        name := coalesce(%(former_name)s::text, mine.name), number := coalesce(%(former_number)s::integer, mine.number)
    FROM mine WHERE chat.id = mine.id
    RETURNING chat.*, mine.now
){_NOTE}{_told("wrote", notify=True)}""")  # noqa: S608 # our own names

# ---------------------------------------------------------------- no claim needed

RECORD_STRAY = Statement(f"""
WITH locked AS MATERIALIZED (
    SELECT id, generation, noted, recorded FROM {{schema}}.chat WHERE id = %(chat_id)s::text FOR NO KEY UPDATE
), fresh AS (
    UPDATE {{schema}}.chat AS chat SET noted := locked.noted + 1, finished := false
    FROM locked
    WHERE chat.id = locked.id AND locked.recorded AND NOT EXISTS (
        SELECT FROM {{schema}}.note AS it WHERE it.chat_id = locked.id AND it.generation = locked.generation AND it.text = %(note)s::text
    )
    RETURNING chat.id, chat.noted, chat.generation
){_ADD}
SELECT id FROM locked
""")  # noqa: S608 # our own names
DISCARD = Statement("""
INSERT INTO {schema}.workspace AS workspace (id, discarded) VALUES (%(workspace_id)s::uuid, true)
ON CONFLICT (id) DO UPDATE SET discarded := true WHERE workspace.bound = 0
RETURNING id
""")

# ---------------------------------------------------------------- what is past

_PAST = "closed_at <= (now - (%(seconds)s::double precision * interval '1 second')) AND NOT (taken_at <= now AND now < until)"

FINISH = Statement(f"""
WITH {_NOW}, over AS MATERIALIZED (
    SELECT id FROM {{schema}}.chat, clock WHERE id = ANY (%(chat_ids)s::text[]) AND closed AND {_PAST} ORDER BY id FOR NO KEY UPDATE OF chat
)
UPDATE {{schema}}.chat AS chat SET finished := true FROM over WHERE chat.id = over.id
""")  # noqa: S608 # our own names
PURGE = Statement(f"""
WITH {_NOW}, past AS MATERIALIZED (
    SELECT id FROM {{schema}}.chat, clock WHERE closed AND finished AND {_PAST}
    ORDER BY closed_at LIMIT %(limit)s::bigint FOR UPDATE OF chat SKIP LOCKED
), notes AS (
    DELETE FROM {{schema}}.note AS note USING past WHERE note.chat_id = past.id
), intents AS (
    DELETE FROM {{schema}}.intent AS intent USING past WHERE intent.chat_id = past.id
), made AS (
    DELETE FROM {{schema}}.workspace AS workspace USING past WHERE workspace.maker = past.id AND workspace.bound = 0
), others AS (
    UPDATE {{schema}}.workspace AS workspace SET maker := NULL FROM past WHERE workspace.maker = past.id AND workspace.bound > 0
), gone AS (
    DELETE FROM {{schema}}.chat AS chat USING past WHERE chat.id = past.id RETURNING chat.id
)
SELECT count(gone.id) FROM gone
""")  # noqa: S608 # our own names
