//! What other systems are told of (docs/protocol/webhooks.md): that an entry of such a type was written, and nothing that it says.

/// Types of entries that other systems may learn of: those that the applicant, too, may read whenever they are written.
/// Everything else is denied, a new type until somebody decides otherwise: a deliberation (R28), a seal before it is
/// announced, an expert's name (R48), a recusal.
pub const TOLD: [&str; 54] = [
    "case.created",
    "case.application_opened",
    "case.material_submitted",
    "case.material_reviewed",
    "case.received",
    "case.notice_given",
    "case.undertaking_given",
    "case.commitment_made",
    "case.accepted",
    "case.not_accepted",
    "case.review_begun",
    "case.bundle_joined",
    "case.extended",
    "case.excluded_period_told",
    "case.clock_stopped",
    "case.clock_resumed",
    "case.hearing_scheduled",
    "case.hearing_held",
    "case.appointment_offered",
    "case.appointment_confirmed",
    "case.appointment_change_asked",
    "case.appointment_cancelled",
    "case.session_scheduled",
    "case.resurvey_scheduled",
    "case.session_result",
    "case.items_failed",
    "case.decided",
    "case.licence_issued",
    "case.served",
    "case.masking_proposed",
    "case.published",
    "case.retention_set",
    "case.recording_retention_set",
    "case.rating_requested",
    "case.rated",
    "case.feedback_given",
    "case.withdrawn",
    "case.closed",
    "bundle.created",
    "bundle.case_accepted",
    "bundle.case_left",
    "bundle.survey_scheduled",
    "bundle.survey_ended",
    "bundle.case_decided",
    "bundle.extended",
    "bundle.closed",
    "session.scheduled",
    "session.lobby_opened",
    "session.started",
    "session.suspended",
    "session.resumed",
    "session.announced",
    "session.ended",
    "session.closed",
];

/// Whether other systems may learn that an entry of this type was written.
#[must_use]
pub fn is_told(kind: &str) -> bool {
    TOLD.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r28_what_goes_on_among_the_staff_is_told_to_nobody() {
        for kind in [
            "session.deliberation_begun",
            "session.deliberation_ended",
            "session.said",
            "session.segment_opened",
            "session.segment_closed",
            "session.opinion_filed",
            "session.concluded",
            "session.decision_drafted",
            "session.decision_sealed",
            "session.identity_checked",
            "case.recusal_recorded",
            "case.expert_called",
            "case.review_noted",
            "case.major_flagged",
            "case.false_material_found",
            "case.of_a_kind_to_come",
            "deliberation_begun",
            "",
        ] {
            assert!(!is_told(kind), "{kind}");
        }
        assert!(is_told("case.accepted") && is_told("session.announced"));
    }

    #[test]
    fn each_stands_in_the_documentation() {
        let page = include_str!("../../../docs/protocol/webhooks.md");
        for kind in TOLD {
            assert!(page.contains(&format!("`{kind}`")), "{kind}");
        }
    }

    #[test]
    fn each_is_named_once() {
        let names: std::collections::BTreeSet<_> = TOLD.into_iter().collect();
        assert_eq!(names.len(), TOLD.len());
    }
}
