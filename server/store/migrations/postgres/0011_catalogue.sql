-- The same tables as the file of this number for SQLite.
-- What the bureau works by, in versions: each stands from its day on, until the next one of its code does.
CREATE TABLE catalogue (
    kind      TEXT COLLATE "C" NOT NULL,
    code      TEXT COLLATE "C" NOT NULL,
    from_day  TEXT COLLATE "C" NOT NULL,
    until_day TEXT COLLATE "C",
    version   TEXT             NOT NULL,
    body      TEXT             NOT NULL CHECK (body::json IS NOT NULL),
    PRIMARY KEY (kind, code, from_day)
);

-- It is in an index, and texts in keys are ordered by their bytes.
ALTER TABLE outbox ALTER COLUMN recipient TYPE TEXT COLLATE "C";
