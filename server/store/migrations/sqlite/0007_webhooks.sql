-- Events to other systems.

-- The signing secret is no column: it follows from the server's key, the id and the generation.
CREATE TABLE webhook_endpoints (
    id            TEXT    PRIMARY KEY,
    url           TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    generation    INTEGER NOT NULL,
    -- Until then the generation before signs too.
    both_until    INTEGER,
    created_at    INTEGER NOT NULL,
    paused_at     INTEGER,
    paused_by     TEXT CHECK (paused_by IN ('administrator', 'failures', 'gone')),
    -- Since the last answer that was good.
    failing_since INTEGER,
    fails         INTEGER NOT NULL DEFAULT 0,
    last_error    TEXT,
    next_at       INTEGER NOT NULL DEFAULT 0,
    CHECK ((paused_at IS NULL) = (paused_by IS NULL))
) STRICT;

-- `*` is every type, `case.*` every type of that family.
CREATE TABLE webhook_subscriptions (
    endpoint TEXT NOT NULL REFERENCES webhook_endpoints (id),
    type     TEXT NOT NULL,
    PRIMARY KEY (endpoint, type)
) STRICT, WITHOUT ROWID;

-- A view of the journals, written in the same transaction as the entry: what other systems may know of it. The subject is
-- the case, or the bundle, whose order the event keeps. A number is never given again, whatever was cleared away.
CREATE TABLE webhook_events (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    type    TEXT    NOT NULL,
    family  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    journal TEXT    NOT NULL,
    entry   INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    head    BLOB    NOT NULL CHECK (length(head) = 32),
    UNIQUE (journal, entry)
) STRICT;
CREATE INDEX webhook_events_by_time ON webhook_events (at);

-- No key to the endpoint: taking one out must not stop a journal that is being written.
CREATE TABLE webhook_deliveries (
    endpoint     TEXT    NOT NULL,
    event        INTEGER NOT NULL REFERENCES webhook_events (seq),
    subject      TEXT    NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    next_at      INTEGER NOT NULL,
    delivered_at INTEGER,
    PRIMARY KEY (endpoint, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (endpoint, event) WHERE delivered_at IS NULL;
CREATE INDEX webhook_deliveries_by_subject ON webhook_deliveries (endpoint, subject, event) WHERE delivered_at IS NULL;
