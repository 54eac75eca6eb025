//! The policy decides at once who hears and sees whom, and what is recorded.

use std::time::Duration;

use crate::api::{Policy, RelayEvent, Source};
use crate::sim::{World, open_policy, seat};

#[test]
fn nothing_passes_before_a_policy_allows_it() {
    let mut world = World::new(1);
    let up = world.publish("a", &[Source::Microphone, Source::Camera]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(2));
    assert!(world.client(up).published > 0);
    assert!(world.client(down).contents().is_empty());
    assert!(world.tap.0.lock().unwrap().is_empty());
}

#[test]
fn a_denial_stops_at_once_and_a_permission_resumes_with_a_keyframe() {
    let mut world = World::new(2);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish("a", &[Source::Microphone, Source::Camera]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(3));
    let mut denied = open_policy(&["a", "b"]);
    denied.seats.remove(&seat("a"));
    world.set_policy(denied);
    // What had left before is still on its way: 10 ms.
    world.run(Duration::from_millis(11));
    let (before, recorded) = (
        world.client(down).contents().len(),
        world.tap.0.lock().unwrap().len(),
    );
    let from = world.client(up).published;
    world.run(Duration::from_secs(3));
    assert!(world.client(up).published > from);
    assert_eq!(
        world.client(down).contents().len(),
        before,
        "received while denied"
    );
    assert_eq!(
        world.tap.0.lock().unwrap().len(),
        recorded,
        "recorded while denied"
    );

    world.set_policy(open_policy(&["a", "b"]));
    world.run(Duration::from_millis(200));
    assert!(world.client(down).contents().len() > before, "it resumes");

    // A curious client asks for what passed meanwhile: it gets nothing that it had not been sent.
    let asked: Vec<(u32, Vec<u16>)> = world
        .client(down)
        .received
        .iter()
        .map(|(ssrc, received)| {
            let last = *received.contents.keys().last().unwrap() as u16;
            (
                *ssrc,
                (0..400).rev().map(|back| last.wrapping_sub(back)).collect(),
            )
        })
        .collect();
    let client = world.clients.get_mut(&down).unwrap();
    for (ssrc, seqs) in &asked {
        client.ask_for(*ssrc, seqs);
    }
    let held: std::collections::BTreeSet<u64> = client.contents().into_iter().collect();
    let recovered: u64 = client
        .received
        .values()
        .map(|received| received.recovered)
        .sum();
    world.run(Duration::from_millis(300));
    let client = world.client(down);
    assert_eq!(
        client
            .received
            .values()
            .map(|received| received.recovered)
            .sum::<u64>(),
        recovered
    );
    let fresh = client
        .contents()
        .into_iter()
        .filter(|content| !held.contains(content))
        .count();
    assert!(fresh <= 40, "only what was published since");
}

#[test]
fn who_is_not_recorded_is_still_heard() {
    let mut world = World::new(3);
    let mut policy = open_policy(&["a", "b"]);
    policy.seats.get_mut(&seat("a")).unwrap().record = false;
    world.set_policy(policy);
    world.publish("a", &[Source::Microphone, Source::Camera]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(2));
    assert!(!world.client(down).contents().is_empty());
    assert!(world.tap.0.lock().unwrap().is_empty());
}

#[test]
fn a_removed_seat_is_gone_for_everybody() {
    let mut world = World::new(4);
    world.set_policy(open_policy(&["a", "b"]));
    world.publish("a", &[Source::Microphone]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(2));
    world.worker.remove_seat(&crate::sim::room(), &seat("a"));
    world.run(Duration::from_millis(11));
    let before = world.client(down).contents().len();
    assert!(before > 0);
    world.run(Duration::from_secs(2));
    assert_eq!(world.client(down).contents().len(), before);
    assert!(
        world.client(down).tracks.is_empty(),
        "the new offer names it no more"
    );
    assert_eq!(
        world.worker.stats(&crate::sim::room(), world.now()).len(),
        1
    );
}

#[test]
fn an_empty_policy_denies_all() {
    let mut world = World::new(5);
    world.set_policy(open_policy(&["a", "b"]));
    world.publish("a", &[Source::Microphone]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(1));
    world.set_policy(Policy::default());
    world.run(Duration::from_millis(11));
    let before = world.client(down).contents().len();
    world.run(Duration::from_secs(1));
    assert_eq!(world.client(down).contents().len(), before);
}

#[test]
fn among_those_who_are_ready_pictures_come_without_another_offer() {
    let mut world = World::new(6);
    let mut ready = Policy::default();
    ready.ready.extend(["a", "b"].map(seat));
    world.set_policy(ready);
    world.publish("a", &[Source::Microphone, Source::Camera]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(2));
    assert!(world.client(down).connected());
    assert!(world.client(down).contents().is_empty(), "ready is not yet");
    assert!(world.tap.0.lock().unwrap().is_empty());

    world.events.clear();
    world.set_policy(open_policy(&["a", "b"]));
    world.run(Duration::from_millis(200));
    let offered = |event: &RelayEvent| matches!(event, RelayEvent::DownNeedsOffer { .. });
    assert!(!world.events.iter().any(offered), "{:?}", world.events);
    let received = &world.client(down).received;
    let with_packets = received.values().filter(|one| !one.contents.is_empty());
    assert_eq!(with_packets.count(), 2, "sound and picture");
}
