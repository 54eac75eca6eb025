//! Appointments as iCalendar (RFC 5545), for the calendar programs that people have already.

mod text;

use kanjie_domain::PersonId;
use kanjie_evidence::h;
use kanjie_store::{Appointment, Occasion, Revision, StoreError};

use self::text::Writer;
use crate::services::Services;

/// What is longer past than this is of no use in a calendar, µs.
const PAST_US: i64 = 90 * 24 * 3_600 * 1_000_000;
/// Longest calendar.
const MOST: u32 = 500;
/// What a calendar keeps free where nobody knows before how long it takes.
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

/// One session or one case's appointment alone, as the person's calendar has it; `None` where it has none.
///
/// # Errors
/// When the store fails.
pub async fn of_one(
    services: &Services,
    person: &PersonId,
    id: &str,
) -> Result<Option<String>, StoreError> {
    let mut appointments = services
        .store
        .appointments(person, i64::MIN, u32::MAX)
        .await?;
    appointments.retain(|appointment| appointment.id == id);
    if appointments.is_empty() {
        return Ok(None);
    }
    write(services, person, &appointments).await.map(Some)
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
        let revision = store.tell(person, &appointment.id, &content, now).await?;
        event(&mut to, services, appointment, revision);
    }
    to.line("END", "VCALENDAR");
    Ok(to.end())
}

/// All that a calendar shows of an appointment.
fn content(appointment: &Appointment) -> [u8; 32] {
    let starts_at = appointment.starts_at.to_be_bytes();
    let title = h(&[appointment.item_title.as_bytes()]).0;
    let ends_at = appointment.ends_at.map(i64::to_be_bytes);
    let called_off = [u8::from(appointment.called_off)];
    h(&[
        &starts_at,
        ends_at.as_ref().map_or(&[], |at| &at[..]),
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
    to.text("UID", &format!("{}@{host}", appointment.id));
    to.moment("DTSTAMP", revision.changed_at);
    to.moment("LAST-MODIFIED", revision.changed_at);
    to.line("SEQUENCE", &revision.sequence.to_string());
    to.moment("DTSTART", appointment.starts_at);
    match appointment.ends_at {
        Some(ends_at) => to.moment("DTEND", ends_at),
        None => to.line("DURATION", KEPT_FREE),
    }
    let what = match appointment.occasion {
        Occasion::Session => "联合会审",
        Occasion::Survey => "勘验预约",
    };
    if appointment.called_off {
        // Whoever stepped aside sees nothing of the case any more (R16).
        to.text("SUMMARY", &format!("{what}（已取消）"));
        to.line("STATUS", "CANCELLED");
        to.line("TRANSP", "TRANSPARENT");
    } else {
        to.text("SUMMARY", &format!("{what}：{}", appointment.item_title));
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
