//! Appointments as iCalendar (RFC 5545), for the calendar programs that people have already.

mod text;

use kanjie_domain::PersonId;
use kanjie_evidence::h;
use kanjie_store::{Appointment, Revision, StoreError};

use self::text::Writer;
use crate::services::Services;

/// What is longer past than this is of no use in a calendar, µs.
const PAST_US: i64 = 90 * 24 * 3_600 * 1_000_000;
/// Longest calendar.
const MOST: u32 = 500;
/// What a calendar keeps free for a session; how long it takes nobody knows before.
const KEPT_FREE: &str = "PT1H";

/// The person's calendar.
///
/// # Errors
/// When the store fails.
pub async fn of(services: &Services, person: &PersonId) -> Result<String, StoreError> {
    let from = services.env.now() - PAST_US;
    let appointments = services.store.appointments(person, from, MOST).await?;
    write(services, person, &appointments).await
}

/// One session alone, as the person's calendar has it.
///
/// # Errors
/// When the store fails.
pub async fn of_session(
    services: &Services,
    person: &PersonId,
    session: &str,
) -> Result<String, StoreError> {
    let mut appointments = services
        .store
        .appointments(person, i64::MIN, u32::MAX)
        .await?;
    appointments.retain(|appointment| appointment.session == session);
    write(services, person, &appointments).await
}

async fn write(
    services: &Services,
    person: &PersonId,
    appointments: &[Appointment],
) -> Result<String, StoreError> {
    let now = services.env.now();
    let mut to = Writer::default();
    to.line("BEGIN", "VCALENDAR");
    to.line("VERSION", "2.0");
    to.line("PRODID", "-//Kanjie//Kanjie//ZH");
    to.line("CALSCALE", "GREGORIAN");
    to.line("METHOD", "PUBLISH");
    // RFC 7986; the older name beside it is what most programs read.
    to.text("NAME", "勘结会审");
    to.text("X-WR-CALNAME", "勘结会审");
    to.line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
    for appointment in appointments {
        let content = content(appointment);
        let store = &services.store;
        let session = &appointment.session;
        let revision = store.tell(person, session, &content, now).await?;
        event(&mut to, services, appointment, revision);
    }
    to.line("END", "VCALENDAR");
    Ok(to.end())
}

/// All that a calendar shows of an appointment.
fn content(appointment: &Appointment) -> [u8; 32] {
    let starts_at = appointment.starts_at.to_be_bytes();
    let title = h(&[appointment.item_title.as_bytes()]).0;
    let called_off = [u8::from(appointment.called_off)];
    h(&[
        &starts_at,
        &title,
        &called_off,
        appointment.case_no.as_bytes(),
    ])
    .0
}

fn event(to: &mut Writer, services: &Services, appointment: &Appointment, revision: Revision) {
    let address = services.config.address.as_deref();
    let host = address.and_then(|address| address.strip_prefix("https://"));
    let host = host.map_or("localhost", |host| host.split(':').next().unwrap_or(host));
    to.line("BEGIN", "VEVENT");
    to.text("UID", &format!("{}@{host}", appointment.session));
    to.moment("DTSTAMP", revision.changed_at);
    to.moment("LAST-MODIFIED", revision.changed_at);
    to.line("SEQUENCE", &revision.sequence.to_string());
    to.moment("DTSTART", appointment.starts_at);
    to.line("DURATION", KEPT_FREE);
    if appointment.called_off {
        // Whoever stepped aside sees nothing of the case any more (R16).
        to.text("SUMMARY", "联合会审（已取消）");
        to.line("STATUS", "CANCELLED");
        to.line("TRANSP", "TRANSPARENT");
    } else {
        to.text("SUMMARY", &format!("联合会审：{}", appointment.item_title));
        to.text("DESCRIPTION", &format!("办件编号：{}", appointment.case_no));
        to.line("STATUS", "CONFIRMED");
        if let Some(address) = address {
            to.line("URL", address);
        }
    }
    to.line("END", "VEVENT");
}

#[cfg(test)]
mod tests;
