-- The same tables as the file of this number for SQLite.

-- One feed a person; calendar programs send no headers, so the token is in the address.
CREATE TABLE calendar_feeds (
    person     TEXT COLLATE "C" PRIMARY KEY REFERENCES people (id),
    token_hash BYTEA            NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at BIGINT           NOT NULL
);

-- What a person's calendar was last told of a session: another content is another number (RFC 5545 section 3.8.7.4).
CREATE TABLE calendar_revisions (
    person     TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    session    TEXT COLLATE "C" NOT NULL REFERENCES sessions (id),
    content    BYTEA            NOT NULL CHECK (length(content) = 32),
    sequence   BIGINT           NOT NULL,
    changed_at BIGINT           NOT NULL,
    PRIMARY KEY (person, session)
);
