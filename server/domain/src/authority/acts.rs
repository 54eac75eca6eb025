//! Every act that somebody can be allowed or forbidden.

macro_rules! acts {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$of])* $variant,)+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

acts! {
    /// What is done in a session; names are those of the commands, save where one command is two acts.
    SessionAct {
        OpenLobby = "open_lobby",
        AcknowledgeNotice = "acknowledge_notice",
        RefuseNotice = "refuse_notice",
        BeginIdentityCheck = "begin_identity_check",
        StopIdentityCheck = "stop_identity_check",
        ConfirmIdentity = "confirm_identity",
        Admit = "admit",
        ShowCredential = "show_credential",
        ChangeWhereabouts = "change_whereabouts",
        ReportPosition = "report_position",
        OverrideLocation = "override_location",
        AskOnSite = "ask_on_site",
        WithdrawOnSite = "withdraw_on_site",
        Leave = "leave",
        Remove = "remove",
        ChangeMedia = "change_media",
        RaiseHand = "raise_hand",
        LowerOwnHand = "lower_hand (own)",
        LowerHandOfAnother = "lower_hand (another's)",
        Start = "start",
        Suspend = "suspend",
        Resume = "resume",
        AnswerItem = "answer_item",
        MarkUnsuitable = "mark_unsuitable",
        TakeEvidence = "take_evidence",
        Annotate = "annotate",
        FileExpertOpinion = "file_opinion (expert)",
        FileDepartmentOpinion = "file_opinion (department)",
        Say = "say (room)",
        SayInDeliberation = "say (deliberation)",
        BeginDeliberation = "begin_deliberation",
        EndDeliberation = "end_deliberation",
        TakeStatement = "take_statement",
        Conclude = "conclude",
        PrepareRecord = "prepare_record",
        SignRecord = "sign_record",
        NoteSignatureRefused = "note_signature_refused",
        DraftDecision = "draft_decision",
        SealDecision = "seal_decision",
        Announce = "announce",
        Acknowledge = "acknowledge",
        End = "end",
        Close = "close",
    }
}

acts! {
    /// What is done in a case; names are those of the commands, save where one command is two acts.
    CaseAct {
        Open = "open",
        SubmitMaterial = "submit_material",
        TakeShared = "take_shared",
        ReviewMaterial = "review_material",
        Receive = "receive",
        GiveNotice = "give_notice",
        CheckCredit = "check_credit",
        Undertake = "undertake",
        Commit = "commit",
        Accept = "accept",
        NotAccept = "not_accept",
        BeginReview = "begin_review",
        Extend = "extend",
        TellExcludedPeriod = "tell_excluded_period",
        StopClock = "stop_clock",
        ResumeClock = "resume_clock",
        AssignStaff = "assign_staff",
        ReleaseStaff = "release_staff",
        JoinDepartment = "join_department",
        DrawExperts = "draw_experts",
        SignConfidentiality = "sign_confidentiality",
        RecordRecusal = "record_recusal (another's)",
        StepAside = "record_recusal (own)",
        NoteReview = "note_review",
        FlagMajor = "flag_major",
        ReviewLegally = "review_legally",
        NotifyInterestedParty = "notify_interested_party",
        State = "state",
        WaiveStatement = "waive_statement",
        NoteSilence = "note_silence",
        RequestHearing = "request_hearing",
        WithdrawHearing = "withdraw_hearing",
        ScheduleHearing = "schedule_hearing",
        RecordHearing = "record_hearing",
        OfferAppointment = "offer_appointment",
        ConfirmAppointment = "confirm_appointment",
        AskAppointmentChange = "ask_appointment_change",
        CancelAppointment = "cancel_appointment",
        ScheduleSession = "schedule_session",
        FindFalseMaterial = "find_false_material",
        IssueLicence = "issue_licence",
        Serve = "serve",
        ClaimSecret = "claim_secret",
        ProposeMasking = "propose_masking",
        ObjectToMasking = "object_to_masking",
        AcceptMasking = "accept_masking",
        Publish = "publish",
        SetRetention = "set_retention",
        SetRecordingRetention = "set_recording_retention",
        Rate = "rate",
        GiveFeedback = "give_feedback",
        ApproveOperator = "approve_operator",
        Withdraw = "withdraw",
        Close = "close",
    }
}

acts! {
    /// What is done in a bundle.
    BundleAct {
        Open = "open",
        ScheduleSurvey = "schedule_survey",
        Extend = "extend",
        Close = "close",
    }
}

acts! {
    /// Looking. What of a journal each reader gets is `visible`'s; here stands who is let in at all.
    ReadAct {
        /// Lists and searches; each line is there only for whoever may read its case.
        FindCases = "find_cases",
        ReadCase = "read_case",
        ReadMaterial = "read_material",
        ReadBundle = "read_bundle",
        /// Its journal, by HTTP and WebSocket.
        ReadSession = "read_session",
        ReadDeliberation = "read_deliberation",
        /// How well everybody's media travel.
        ReadConnections = "read_connections",
        ReadStill = "read_still",
        /// Those of a session: record, receipts, the decision once it is announced. A case's are read with their entries.
        ReadPaper = "read_paper",
        /// A sealed decision before it is announced.
        ReadSealedDecision = "read_sealed_decision",
        PreviewDecision = "preview_decision",
        /// R59: each with a purpose, and each an entry.
        ViewRecording = "view_recording",
        ExportRecording = "export_recording",
        /// Counts alone.
        ReadStatistics = "read_statistics",
    }
}

acts! {
    /// Templates, users, sites: no case data (rules.md, Roles).
    AdminAct {
        ManageTemplates = "manage_templates",
        ManageUsers = "manage_users",
        RevokeDevice = "revoke_device",
        ManageSites = "manage_sites",
        ManageExpertPool = "manage_expert_pool",
        ManageCalendar = "manage_calendar",
        ManageWebhooks = "manage_webhooks",
        ReadAccessLog = "read_access_log",
    }
}

acts! {
    /// Keeping it running: no case data without an approval (R58).
    OperatorAct {
        ReadHealth = "read_health",
        ReadServerLog = "read_server_log",
        RunBackup = "run_backup",
        Migrate = "migrate",
        VerifyJournals = "verify_journals",
    }
}

/// Any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    Session(SessionAct),
    Case(CaseAct),
    Bundle(BundleAct),
    Read(ReadAct),
    Administer(AdminAct),
    Operate(OperatorAct),
}

impl Act {
    /// Every act, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        let session = SessionAct::ALL.iter().copied().map(Self::Session);
        let case = CaseAct::ALL.iter().copied().map(Self::Case);
        let bundle = BundleAct::ALL.iter().copied().map(Self::Bundle);
        let read = ReadAct::ALL.iter().copied().map(Self::Read);
        let administer = AdminAct::ALL.iter().copied().map(Self::Administer);
        let operate = OperatorAct::ALL.iter().copied().map(Self::Operate);
        session
            .chain(case)
            .chain(bundle)
            .chain(read)
            .chain(administer)
            .chain(operate)
    }

    /// `session`, `case`, `bundle`, `read`, `administer` or `operate`.
    #[must_use]
    pub const fn area(self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Case(_) => "case",
            Self::Bundle(_) => "bundle",
            Self::Read(_) => "read",
            Self::Administer(_) => "administer",
            Self::Operate(_) => "operate",
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session(act) => act.name(),
            Self::Case(act) => act.name(),
            Self::Bundle(act) => act.name(),
            Self::Read(act) => act.name(),
            Self::Administer(act) => act.name(),
            Self::Operate(act) => act.name(),
        }
    }
}
