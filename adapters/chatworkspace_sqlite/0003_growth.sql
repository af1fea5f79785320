-- Notes that are repeated are counted, and a chat keeps the last twenty.

CREATE TABLE new_note (
    id INTEGER PRIMARY KEY,
    chat_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    text TEXT NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    FOREIGN KEY (chat_id, generation) REFERENCES intent (chat_id, generation)
);

INSERT INTO new_note (id, chat_id, generation, text, times) SELECT max(id), chat_id, generation, text, count(*) FROM note
GROUP BY chat_id, generation, text;

DROP TABLE note;

ALTER TABLE new_note RENAME TO note;

CREATE INDEX note_of_chat ON note (chat_id, id);

DELETE FROM note WHERE id <= (SELECT it.id FROM note AS it WHERE it.chat_id = note.chat_id ORDER BY it.id DESC LIMIT 1 OFFSET 20);

-- When a chat was closed, so that it can be purged, and whether a sweep has found that nothing of it is left, so that none looks at it again.

ALTER TABLE chat ADD COLUMN closed_at INTEGER;

ALTER TABLE chat ADD COLUMN finished INTEGER NOT NULL DEFAULT 0;

UPDATE chat SET closed_at = coalesce((SELECT it.bound_at FROM intent AS it WHERE it.chat_id = chat.id ORDER BY it.generation DESC LIMIT 1), 0)
WHERE closed;

CREATE INDEX chat_closed ON chat (closed_at) WHERE closed;

CREATE INDEX chat_of_owner ON chat (owner_id, organization_id, id) WHERE NOT finished;

-- A chat that is purged is looked for by those whose making it was.

CREATE INDEX workspace_of_maker ON workspace (maker) WHERE maker IS NOT NULL;
