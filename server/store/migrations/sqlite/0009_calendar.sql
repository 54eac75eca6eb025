-- Calendars of appointments.

-- One feed a person; calendar programs send no headers, so the token is in the address.
CREATE TABLE calendar_feeds (
    person     TEXT    PRIMARY KEY REFERENCES people (id),
    token_hash BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at INTEGER NOT NULL
) STRICT;

-- What a person's calendar was last told of a session: another content is another number (RFC 5545 section 3.8.7.4).
CREATE TABLE calendar_revisions (
    person     TEXT    NOT NULL REFERENCES people (id),
    session    TEXT    NOT NULL REFERENCES sessions (id),
    content    BLOB    NOT NULL CHECK (length(content) = 32),
    sequence   INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (person, session)
) STRICT, WITHOUT ROWID;
