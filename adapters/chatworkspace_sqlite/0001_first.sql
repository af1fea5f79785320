-- Times are microseconds since 1970 by the host's clock. UUIDs are text, so that a person can read them.

CREATE TABLE secret (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    value BLOB NOT NULL
);

-- One row holds all that decides. A plan stands while template_id is set; its name and number are the row's.
CREATE TABLE chat (
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
    written INTEGER NOT NULL,
    CHECK (workspace_id IS NULL OR template_id IS NULL)
) WITHOUT ROWID;

CREATE INDEX chat_of_workspace ON chat (workspace_id) WHERE workspace_id IS NOT NULL;

CREATE INDEX chat_planned ON chat (planned_at) WHERE template_id IS NOT NULL;

CREATE TABLE intent (
    chat_id TEXT NOT NULL REFERENCES chat (id),
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

CREATE TABLE note (
    id INTEGER PRIMARY KEY,
    chat_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    text TEXT NOT NULL,
    FOREIGN KEY (chat_id, generation) REFERENCES intent (chat_id, generation)
);

CREATE INDEX note_of_intent ON note (chat_id, generation);

-- Whose making it is, and whether it will be deleted. Which chats are bound to it is told by their rows.
CREATE TABLE workspace (
    id TEXT NOT NULL PRIMARY KEY,
    maker TEXT,
    discarded INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
