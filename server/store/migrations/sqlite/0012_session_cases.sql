-- The cases of a session, 0 the first: several where a bundle (证照联办) is surveyed together.
CREATE TABLE session_cases (
    session TEXT    NOT NULL REFERENCES sessions (id),
    case_id TEXT    NOT NULL REFERENCES cases (id),
    place   INTEGER NOT NULL CHECK (place >= 0),
    PRIMARY KEY (session, case_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_cases_by_case ON session_cases (case_id);

INSERT INTO session_cases (session, case_id, place) SELECT id, case_id, 0 FROM sessions;
