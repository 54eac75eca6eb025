-- What was noted for other systems before there was a list of what they may learn of (`kanjie_domain::outward`) is not sent any more.
DELETE FROM webhook_deliveries WHERE event IN (SELECT seq FROM webhook_events WHERE type NOT IN (
    'case.created', 'case.application_opened', 'case.material_submitted', 'case.material_reviewed', 'case.received',
    'case.notice_given', 'case.undertaking_given', 'case.commitment_made', 'case.accepted', 'case.not_accepted',
    'case.review_begun', 'case.bundle_joined', 'case.extended', 'case.excluded_period_told', 'case.clock_stopped',
    'case.clock_resumed', 'case.hearing_scheduled', 'case.hearing_held', 'case.appointment_offered',
    'case.appointment_confirmed', 'case.appointment_change_asked', 'case.appointment_cancelled',
    'case.session_scheduled', 'case.resurvey_scheduled', 'case.session_result', 'case.items_failed', 'case.decided',
    'case.licence_issued', 'case.served', 'case.masking_proposed', 'case.published', 'case.retention_set',
    'case.recording_retention_set', 'case.rating_requested', 'case.rated', 'case.feedback_given', 'case.withdrawn',
    'case.closed', 'bundle.created', 'bundle.case_accepted', 'bundle.case_left', 'bundle.survey_scheduled',
    'bundle.survey_ended', 'bundle.case_decided', 'bundle.extended', 'bundle.closed', 'session.scheduled',
    'session.lobby_opened', 'session.started', 'session.suspended', 'session.resumed', 'session.announced',
    'session.ended', 'session.closed'));
DELETE FROM webhook_events WHERE type NOT IN (
    'case.created', 'case.application_opened', 'case.material_submitted', 'case.material_reviewed', 'case.received',
    'case.notice_given', 'case.undertaking_given', 'case.commitment_made', 'case.accepted', 'case.not_accepted',
    'case.review_begun', 'case.bundle_joined', 'case.extended', 'case.excluded_period_told', 'case.clock_stopped',
    'case.clock_resumed', 'case.hearing_scheduled', 'case.hearing_held', 'case.appointment_offered',
    'case.appointment_confirmed', 'case.appointment_change_asked', 'case.appointment_cancelled',
    'case.session_scheduled', 'case.resurvey_scheduled', 'case.session_result', 'case.items_failed', 'case.decided',
    'case.licence_issued', 'case.served', 'case.masking_proposed', 'case.published', 'case.retention_set',
    'case.recording_retention_set', 'case.rating_requested', 'case.rated', 'case.feedback_given', 'case.withdrawn',
    'case.closed', 'bundle.created', 'bundle.case_accepted', 'bundle.case_left', 'bundle.survey_scheduled',
    'bundle.survey_ended', 'bundle.case_decided', 'bundle.extended', 'bundle.closed', 'session.scheduled',
    'session.lobby_opened', 'session.started', 'session.suspended', 'session.resumed', 'session.announced',
    'session.ended', 'session.closed');
