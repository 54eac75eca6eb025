-- A personal link leads to a session or, before there is one, to a case.
CREATE TABLE links_to_both (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    session    TEXT REFERENCES sessions (id),
    person     TEXT NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    case_id    TEXT REFERENCES cases (id),
    CHECK ((session IS NULL) <> (case_id IS NULL))
) STRICT;
INSERT INTO links_to_both (token_hash, session, person, created_at, revoked_at)
    SELECT token_hash, session, person, created_at, revoked_at FROM links;
DROP TABLE links;
ALTER TABLE links_to_both RENAME TO links;

ALTER TABLE sign_ins ADD COLUMN link_case TEXT REFERENCES cases (id);

-- A code lives for minutes: none is taken along.
DROP TABLE codes;
CREATE TABLE codes (
    -- `session:ID` or `case:ID`.
    link_to       TEXT    NOT NULL,
    person        TEXT    NOT NULL REFERENCES people (id),
    purpose       TEXT    NOT NULL CHECK (purpose IN ('device', 'act')),
    code_hash     BLOB    NOT NULL CHECK (length(code_hash) = 32),
    expires_at    INTEGER NOT NULL,
    attempts_left INTEGER NOT NULL CHECK (attempts_left >= 0),
    PRIMARY KEY (link_to, person, purpose)
) STRICT, WITHOUT ROWID;
