//! Networks change under a call, and clients are reloaded.

use std::time::Duration;

use crate::api::{RelayEvent, Source};
use crate::sim::{World, open_policy};

fn count(world: &World, wanted: impl Fn(&RelayEvent) -> bool) -> usize {
    world.events.iter().filter(|event| wanted(event)).count()
}

fn is_connected(event: &RelayEvent) -> bool {
    matches!(event, RelayEvent::Connected { .. })
}

#[test]
fn both_halves_follow_to_a_new_address_without_a_new_handshake() {
    let mut world = World::new(1);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish("a", &[Source::Camera]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(2));
    let (up, down) = (world.move_client(up), world.move_client(down));
    let (published, before) = (
        world.client(up).published,
        world.client(down).contents().len(),
    );
    let took = world.run_until(Duration::from_secs(1), "media goes on", |world| {
        world.client(down).contents().len() > before + 6
    });
    assert!(took < Duration::from_millis(300), "{took:?}");
    world.run(Duration::from_secs(1));
    assert!(world.client(up).published > published);
    assert_eq!(count(&world, is_connected), 2, "the same associations");
}

#[test]
fn an_ice_restart_keeps_the_association_and_the_tracks() {
    let mut world = World::new(2);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish("a", &[Source::Microphone, Source::Camera]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(2));
    world.restart_ice(up);
    let before = world.client(down).contents().len();
    world.run(Duration::from_millis(500));
    assert!(world.client(down).contents().len() > before + 20);
    assert_eq!(count(&world, is_connected), 2);
    assert_eq!(
        count(&world, |event| matches!(
            event,
            RelayEvent::TrackEnded { .. }
        )),
        0
    );
}

#[test]
fn a_reloaded_subscriber_answers_with_a_new_connection() {
    let mut world = World::new(3);
    world.set_policy(open_policy(&["a", "b"]));
    world.publish("a", &[Source::Microphone, Source::Camera]);
    let old = world.subscribe("b");
    world.run(Duration::from_secs(2));
    world.clients.remove(&old);
    world.signalling = Duration::from_millis(50);
    let new = world.subscribe("b");
    let took = world.run_until(Duration::from_secs(2), "a picture and sound", |world| {
        let received = &world.client(new).received;
        received
            .values()
            .filter(|received| !received.contents.is_empty())
            .count()
            == 2
    });
    assert!(took < Duration::from_millis(500), "{took:?}");
    let pictures = world.client(new).received.values();
    assert!(
        pictures
            .filter_map(|received| received.first_is_keyframe)
            .all(|keyframe| keyframe)
    );
}
