//! Media may overtake signalling, and offers each other.

use std::time::Duration;

use crate::api::{MediaError, Source};
use crate::sim::{World, open_policy, room, seat};

#[test]
fn a_handshake_that_overtakes_its_answer_is_kept() {
    let mut world = World::new(1);
    world.set_policy(open_policy(&["a", "b"]));
    world.publish("a", &[Source::Camera]);
    world.signalling = Duration::from_millis(300);
    let down = world.subscribe("b");
    let took = world.run_until(Duration::from_secs(2), "connected", |world| {
        world.client(down).connected()
    });
    assert!(
        took < Duration::from_millis(400),
        "the early handshake is answered at once: {took:?}"
    );
}

#[test]
fn tracks_that_change_while_an_offer_is_out_are_offered_afterwards() {
    let mut world = World::new(2);
    world.set_policy(open_policy(&["a", "b", "c"]));
    world.signalling = Duration::from_millis(200);
    let down = world.subscribe("b");
    world.publish("a", &[Source::Camera]);
    world.run(Duration::from_millis(50));
    world.publish("c", &[Source::Microphone, Source::Screen]);
    world.run(Duration::from_secs(2));
    assert_eq!(world.client(down).tracks.len(), 3);
    assert_eq!(
        world
            .client(down)
            .received
            .values()
            .filter(|received| !received.contents.is_empty())
            .count(),
        3
    );
}

#[test]
fn an_answer_to_an_older_offer_is_refused() {
    let mut world = World::new(3);
    let down = world.subscribe("b");
    world.run(Duration::from_millis(100));
    let now = world.now();
    let first = world.worker.offer_down(&room(), &seat("b"), now).unwrap();
    let second = world.worker.offer_down(&room(), &seat("b"), now).unwrap();
    let answer = world.client(down).answer(&first.sdp);
    let refused = world
        .worker
        .accept_down(&room(), &seat("b"), first.generation, &answer, now);
    assert_eq!(refused, Err(MediaError::StaleAnswer));
    assert_eq!(
        world
            .worker
            .accept_down(&room(), &seat("b"), second.generation, &answer, now),
        Ok(())
    );
    let again = world
        .worker
        .accept_down(&room(), &seat("b"), second.generation, &answer, now);
    assert_eq!(again, Err(MediaError::StaleAnswer));
}
