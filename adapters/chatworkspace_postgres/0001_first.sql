-- All times are the server's own (clock_timestamp()). Whoever uses the store needs the rights in docs/how-to/postgres.md, and no others.

CREATE TABLE {schema}.version (
    number integer PRIMARY KEY CHECK (number > 0),
    file text NOT NULL CHECK (file <> ''),
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE {schema}.secret (
    id integer PRIMARY KEY CHECK (id = 1),
    value bytea NOT NULL CHECK (length(value) = 32)
);

-- Taken and discarded workspaces are this one unique key, into which bind, attach and discard insert.
CREATE TABLE {schema}.workspace (
    id uuid PRIMARY KEY,
    -- Whose making it is; null: nobody's.
    maker text COLLATE "C",
    -- How many chats are bound to it.
    bound integer NOT NULL DEFAULT 0 CHECK (bound >= 0),
    discarded boolean NOT NULL DEFAULT false,
    CHECK (NOT discarded OR bound = 0)
);

-- One row holds all that decides. A plan stands while template_id is set; its name and number are the row's.
CREATE TABLE {schema}.chat (
    id text COLLATE "C" PRIMARY KEY CHECK (char_length(id) BETWEEN 1 AND 255),
    owner_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    generation bigint NOT NULL DEFAULT 1 CHECK (generation >= 1),
    -- There is an intent of this generation.
    recorded boolean NOT NULL DEFAULT false CHECK (recorded OR generation = 1),
    workspace_id uuid REFERENCES {schema}.workspace (id),
    closed boolean NOT NULL DEFAULT false,
    name text NOT NULL DEFAULT '' CHECK (char_length(name) <= 255),
    number integer NOT NULL DEFAULT 0 CHECK (number >= 0),
    template_id uuid CHECK (template_id IS NULL OR workspace_id IS NULL),
    preset_id uuid CHECK (preset_id IS NULL OR template_id IS NOT NULL),
    fingerprint text NOT NULL DEFAULT '' CHECK (char_length(fingerprint) <= 255),
    planned_at timestamptz CHECK ((planned_at IS NULL) = (template_id IS NULL)),
    epoch bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    token text NOT NULL DEFAULT '' CHECK (char_length(token) <= 255),
    taken_at timestamptz NOT NULL DEFAULT 'epoch',
    until timestamptz NOT NULL DEFAULT 'epoch' CHECK (until >= taken_at),
    -- The holder of this token has written, and given the claim back.
    written boolean NOT NULL DEFAULT false
);

ALTER TABLE {schema}.workspace ADD FOREIGN KEY (maker) REFERENCES {schema}.chat (id);

CREATE INDEX chat_planned ON {schema}.chat (planned_at) WHERE template_id IS NOT NULL;

-- The history. Nothing is decided by it.
CREATE TABLE {schema}.intent (
    chat_id text COLLATE "C" NOT NULL REFERENCES {schema}.chat (id),
    generation bigint NOT NULL CHECK (generation >= 1),
    name text NOT NULL CHECK (char_length(name) <= 255),
    template_id uuid,
    preset_id uuid CHECK (preset_id IS NULL OR template_id IS NOT NULL),
    replaces uuid,
    workspace_id uuid,
    planned_at timestamptz CHECK ((planned_at IS NULL) = (template_id IS NULL)),
    bound_at timestamptz CHECK (bound_at IS NOT NULL OR workspace_id IS NULL),
    notes text[] NOT NULL DEFAULT '{}' CHECK (array_position(notes, NULL) IS NULL),
    PRIMARY KEY (chat_id, generation)
);
