//! Who vanishes is reported, may return, and is dropped when consent expires.

use std::time::Duration;

use crate::api::{Half, RelayEvent, Source};
use crate::sim::{Link, World, open_policy, room, seat};

fn saw(world: &World, wanted: &RelayEvent) -> bool {
    world.events.contains(wanted)
}

#[test]
fn five_seconds_of_silence_are_reported_and_a_return_too() {
    let mut world = World::new(1);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish("a", &[Source::Camera]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(2));
    let connected = RelayEvent::Connected {
        room: room(),
        seat: seat("a"),
        half: Half::Up,
    };
    let vanished = RelayEvent::Vanished {
        room: room(),
        seat: seat("a"),
        half: Half::Up,
    };
    assert!(saw(&world, &connected) && !saw(&world, &vanished));
    world.links.insert(
        up,
        Link {
            cut: true,
            ..Link::default()
        },
    );
    let took = world.run_until(Duration::from_secs(7), "vanished", |world| {
        saw(world, &vanished)
    });
    // Its last packets were still 10 ms under way.
    assert!(took >= Duration::from_millis(4980), "{took:?}");
    world.events.clear();
    world.links.insert(up, Link::default());
    let before = world.client(down).contents().len();
    world.run(Duration::from_secs(3));
    assert!(saw(&world, &connected));
    assert!(
        world.client(down).contents().len() > before,
        "the picture is back without a new offer"
    );
}

#[test]
fn consent_expires_after_thirty_seconds() {
    let mut world = World::new(2);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish("a", &[Source::Camera]);
    world.subscribe("b");
    world.run(Duration::from_secs(1));
    world.links.insert(
        up,
        Link {
            cut: true,
            ..Link::default()
        },
    );
    let ended = RelayEvent::Disconnected {
        room: room(),
        seat: seat("a"),
        half: Half::Up,
    };
    let took = world.run_until(Duration::from_secs(40), "disconnected", |world| {
        saw(world, &ended)
    });
    assert!(took >= Duration::from_secs(28), "{took:?}");
    assert!(
        world
            .events
            .iter()
            .any(|event| matches!(event, RelayEvent::TrackEnded { .. }))
    );
}

#[test]
fn a_handshake_survives_a_bad_network() {
    for seed in 0..10 {
        let mut world = World::new(seed);
        world.set_policy(open_policy(&["a"]));
        let up = world.publish("a", &[Source::Camera]);
        world.links.insert(
            up,
            Link {
                loss: 0.2,
                jitter: Duration::from_millis(30),
                ..Link::default()
            },
        );
        world.run_until(Duration::from_secs(15), "connected", |world| {
            world.client(up).connected()
        });
    }
}
