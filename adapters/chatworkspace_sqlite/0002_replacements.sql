-- A plan may stand beside a binding: what it becomes takes the place of what is bound. SQLite cannot drop a CHECK, so the table is made anew, and
-- with it those that refer to it.

CREATE TABLE new_chat (
    id TEXT NOT NULL PRIMARY KEY COLLATE BINARY,
    owner_id TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    workspace_id TEXT,
    closed INTEGER NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    template_id TEXT,
    preset_id TEXT,
    fingerprint TEXT NOT NULL,
    planned_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    token TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    written INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE new_intent (
    chat_id TEXT NOT NULL REFERENCES new_chat (id),
    generation INTEGER NOT NULL,
    name TEXT NOT NULL,
    template_id TEXT,
    preset_id TEXT,
    replaces TEXT,
    workspace_id TEXT,
    planned_at INTEGER,
    bound_at INTEGER,
    PRIMARY KEY (chat_id, generation)
) WITHOUT ROWID;

CREATE TABLE new_note (
    id INTEGER PRIMARY KEY,
    chat_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    text TEXT NOT NULL,
    FOREIGN KEY (chat_id, generation) REFERENCES new_intent (chat_id, generation)
);

INSERT INTO new_chat SELECT * FROM chat;

INSERT INTO new_intent SELECT * FROM intent;

INSERT INTO new_note SELECT * FROM note;

DROP TABLE note;

DROP TABLE intent;

DROP TABLE chat;

ALTER TABLE new_chat RENAME TO chat;

ALTER TABLE new_intent RENAME TO intent;

ALTER TABLE new_note RENAME TO note;

CREATE INDEX chat_of_workspace ON chat (workspace_id) WHERE workspace_id IS NOT NULL;

CREATE INDEX chat_planned ON chat (planned_at) WHERE template_id IS NOT NULL;

CREATE INDEX note_of_intent ON note (chat_id, generation);
