//! Clients that offer to receive (WHEP): they see what they watch, in one stream, and only what the policy lets them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use crate::api::{Policy, RelayEvent, Source, Watch};
use crate::sim::{World, open_policy, seat};

const SOURCES: &[Source] = &[Source::Microphone, Source::Camera];

/// Whose packets came since `seen`, by the number that each publisher's contents begin with.
fn publishers(world: &World, client: SocketAddr, seen: &BTreeSet<u64>) -> BTreeSet<u64> {
    let contents = world.client(client).contents().into_iter();
    let new = contents.filter(|content| !seen.contains(content));
    new.map(|content| content >> 32).collect()
}

fn contents(world: &World, client: SocketAddr) -> BTreeSet<u64> {
    world.client(client).contents().into_iter().collect()
}

#[test]
fn one_seat_is_shown_and_no_other() {
    let mut world = World::new(1);
    world.set_policy(open_policy(&["a", "b", "wall"]));
    let watch = Watch::Seat {
        seat: seat("b"),
        screen: false,
    };
    // Watched before it is there.
    let wall = world.watch("wall", watch);
    world.publish("a", SOURCES);
    world.run(Duration::from_secs(1));
    assert!(world.client(wall).contents().is_empty());
    world.publish("b", SOURCES);
    world.run(Duration::from_secs(1));
    assert_eq!(publishers(&world, wall, &BTreeSet::new()).len(), 1);
    let received = &world.client(wall).received;
    let streams = received.values().filter(|of| !of.contents.is_empty());
    assert_eq!(streams.count(), 2, "sound and picture");
    let begun = received.values().find_map(|of| of.first_is_keyframe);
    assert_eq!(begun, Some(true), "a picture begins with a keyframe");
}

#[test]
fn the_speaker_is_shown_in_the_same_stream_whoever_it_is() {
    let mut world = World::new(2);
    world.set_policy(open_policy(&["a", "b", "wall"]));
    let (a, b) = (world.publish("a", SOURCES), world.publish("b", SOURCES));
    let wall = world.watch("wall", Watch::ActiveSpeaker);
    world.clients.get_mut(&a).unwrap().level = 20;
    world.run(Duration::from_secs(2));
    let of_a = publishers(&world, wall, &BTreeSet::new());
    assert_eq!(of_a.len(), 1);
    world.clients.get_mut(&a).unwrap().level = 127;
    world.clients.get_mut(&b).unwrap().level = 20;
    world.run(Duration::from_secs(2));
    let seen = contents(&world, wall);
    world.run(Duration::from_secs(1));
    let of_b = publishers(&world, wall, &seen);
    assert_eq!(of_b.len(), 1);
    assert_ne!(of_a, of_b);
    for stream in world.client(wall).received.values() {
        let steps = stream.contents.keys().zip(stream.contents.keys().skip(1));
        assert!(steps.clone().count() > 50);
        for (before, after) in steps {
            assert_eq!(after - before, 1, "a hole in the numbers");
        }
        let times: Vec<u32> = stream.timestamps.values().copied().collect();
        let backwards = |pair: &[u32]| pair[1].wrapping_sub(pair[0]) > 1 << 31;
        assert!(!times.windows(2).any(backwards), "time went back");
    }
}

#[test]
fn a_policy_shuts_the_wall_at_once() {
    let mut world = World::new(3);
    world.set_policy(open_policy(&["a", "wall"]));
    world.publish("a", SOURCES);
    let wall = world.watch("wall", Watch::ActiveSpeaker);
    world.run(Duration::from_secs(1));
    assert!(!world.client(wall).contents().is_empty());
    world.set_policy(Policy::default());
    // What is on its way already arrives.
    world.run(Duration::from_millis(50));
    let before = world.client(wall).contents().len();
    world.run(Duration::from_secs(2));
    assert_eq!(world.client(wall).contents().len(), before);
    world.set_policy(open_policy(&["a", "wall"]));
    world.run(Duration::from_secs(1));
    assert!(world.client(wall).contents().len() > before);
}

#[test]
fn ice_restarts_alone_on_either_half() {
    let mut world = World::new(4);
    world.set_policy(open_policy(&["a", "wall"]));
    let up = world.publish("a", SOURCES);
    let wall = world.watch("wall", Watch::ActiveSpeaker);
    world.run(Duration::from_secs(1));
    world.restart_ice_alone(up);
    let wall = world.restart_ice_alone(wall);
    let before = world.client(wall).contents().len();
    world.run(Duration::from_millis(500));
    assert!(world.client(wall).contents().len() > before + 20);
    let connected = |event: &&RelayEvent| matches!(event, RelayEvent::Connected { .. });
    assert_eq!(world.events.iter().filter(connected).count(), 2);
}
