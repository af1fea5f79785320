-- Notes have rows of their own, so that one more does not write anew what is there. Those that are repeated are counted, and a chat keeps the last
-- twenty.

CREATE TABLE {schema}.note (
    chat_id text COLLATE "C" NOT NULL,
    -- Counts the notes of the chat; the latest has the highest.
    number bigint NOT NULL CHECK (number >= 1),
    generation bigint NOT NULL,
    text text NOT NULL,
    times bigint NOT NULL DEFAULT 1 CHECK (times >= 1),
    PRIMARY KEY (chat_id, number),
    FOREIGN KEY (chat_id, generation) REFERENCES {schema}.intent (chat_id, generation)
);

INSERT INTO {schema}.note (chat_id, number, generation, text, times)
SELECT counted.chat_id, counted.number, counted.generation, counted.text, counted.times
FROM (
    SELECT found.*, row_number() OVER (PARTITION BY found.chat_id ORDER BY found.generation, found.latest) AS number,
        count(*) OVER (PARTITION BY found.chat_id) AS total
    FROM (
        SELECT intent.chat_id, intent.generation, it.text, count(*) AS times, max(it.place) AS latest
        FROM {schema}.intent, unnest(intent.notes) WITH ORDINALITY AS it (text, place)
        GROUP BY intent.chat_id, intent.generation, it.text
    ) AS found
) AS counted
WHERE counted.number > counted.total - 20;

ALTER TABLE {schema}.intent DROP COLUMN notes;

-- When a chat was closed, so that it can be purged, and whether a sweep has found that nothing of it is left, so that none looks at it again.

ALTER TABLE {schema}.chat
    ADD COLUMN noted bigint NOT NULL DEFAULT 0 CHECK (noted >= 0),
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN finished boolean NOT NULL DEFAULT false CHECK (closed OR NOT finished);

UPDATE {schema}.chat AS chat SET noted = latest.number
FROM (SELECT note.chat_id, max(note.number) AS number FROM {schema}.note GROUP BY note.chat_id) AS latest WHERE latest.chat_id = chat.id;

UPDATE {schema}.chat AS chat
SET closed_at = coalesce((SELECT it.bound_at FROM {schema}.intent AS it WHERE it.chat_id = chat.id AND it.generation = chat.generation), 'epoch')
WHERE closed;

ALTER TABLE {schema}.chat ADD CHECK ((closed_at IS NOT NULL) = closed);

CREATE INDEX chat_closed ON {schema}.chat (closed_at) WHERE closed;

CREATE INDEX chat_of_owner ON {schema}.chat (owner_id, organization_id, id) WHERE NOT finished;

-- Whoever binds has written the workspace's row in the same statement; a reference to it would have every chat looked through where one is removed. Its
-- name is the one that the server gave it.

ALTER TABLE {schema}.chat DROP CONSTRAINT chat_workspace_id_fkey;

-- A chat that is purged is looked for by those whose making it was.

CREATE INDEX workspace_of_maker ON {schema}.workspace (maker) WHERE maker IS NOT NULL;
