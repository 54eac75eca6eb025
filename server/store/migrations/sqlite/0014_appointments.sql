-- The appointment of a case, for calendars: the slot confirmed last, and whether it stands.
ALTER TABLE case_rows ADD COLUMN slot_from INTEGER;
ALTER TABLE case_rows ADD COLUMN slot_until INTEGER;
ALTER TABLE case_rows ADD COLUMN slot_stands INTEGER CHECK (slot_stands IN (0, 1));

-- A calendar is told of sessions and of cases.
CREATE TABLE revisions_of_both (
    person     TEXT    NOT NULL REFERENCES people (id),
    -- Id of a session or of a case.
    about      TEXT    NOT NULL,
    content    BLOB    NOT NULL CHECK (length(content) = 32),
    sequence   INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (person, about)
) STRICT, WITHOUT ROWID;
INSERT INTO revisions_of_both (person, about, content, sequence, changed_at)
    SELECT person, session, content, sequence, changed_at FROM calendar_revisions;
DROP TABLE calendar_revisions;
ALTER TABLE revisions_of_both RENAME TO calendar_revisions;
