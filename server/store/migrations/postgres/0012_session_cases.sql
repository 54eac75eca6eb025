-- The cases of a session, 0 the first: several where a bundle (证照联办) is surveyed together.
CREATE TABLE session_cases (
    session TEXT COLLATE "C" NOT NULL REFERENCES sessions (id),
    case_id TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    place   BIGINT           NOT NULL CHECK (place >= 0),
    PRIMARY KEY (session, case_id)
);

CREATE INDEX session_cases_by_case ON session_cases (case_id);

INSERT INTO session_cases (session, case_id, place) SELECT id, case_id, 0 FROM sessions;
