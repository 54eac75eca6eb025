-- The same tables as the file of this number for SQLite.
-- A personal link leads to a session or, before there is one, to a case.
ALTER TABLE links ALTER COLUMN session DROP NOT NULL;
ALTER TABLE links ADD COLUMN case_id TEXT COLLATE "C" REFERENCES cases (id);
ALTER TABLE links ADD CHECK ((session IS NULL) <> (case_id IS NULL));

ALTER TABLE sign_ins ADD COLUMN link_case TEXT COLLATE "C" REFERENCES cases (id);

-- A code lives for minutes: none is taken along.
DROP TABLE codes;
CREATE TABLE codes (
    -- `session:ID` or `case:ID`.
    link_to       TEXT COLLATE "C" NOT NULL,
    person        TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    purpose       TEXT COLLATE "C" NOT NULL CHECK (purpose IN ('device', 'act')),
    code_hash     BYTEA            NOT NULL CHECK (length(code_hash) = 32),
    expires_at    BIGINT           NOT NULL,
    attempts_left BIGINT           NOT NULL CHECK (attempts_left >= 0),
    PRIMARY KEY (link_to, person, purpose)
);
