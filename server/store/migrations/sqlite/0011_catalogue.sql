-- What the bureau works by, in versions: each stands from its day on, until the next one of its code does.
CREATE TABLE catalogue (
    kind      TEXT NOT NULL,
    code      TEXT NOT NULL,
    from_day  TEXT NOT NULL,
    until_day TEXT,
    version   TEXT NOT NULL,
    body      TEXT NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (kind, code, from_day)
) STRICT, WITHOUT ROWID;
