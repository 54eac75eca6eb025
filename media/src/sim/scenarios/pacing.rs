//! What waits for a slow path: sound passes, pictures that are too late go, and nothing that was forbidden meanwhile.

use std::net::SocketAddr;
use std::time::Duration;

use crate::api::{Policy, Source};
use crate::sim::scenarios::bandwidth::LAYERS;
use crate::sim::{World, open_policy, room, seat};

const SECOND: Duration = Duration::from_secs(1);
/// A fifth of what the camera sends.
const SLOW: u64 = 30_000;

/// Received of sound and of pictures, which the simulated client tells apart by their first byte.
fn received(world: &World, down: SocketAddr) -> (usize, usize) {
    let (mut sound, mut pictures) = (0, 0);
    for received in world.client(down).received.values() {
        match received.first_is_keyframe {
            Some(_) => pictures += received.contents.len(),
            None => sound += received.contents.len(),
        }
    }
    (sound, pictures)
}

fn meet(seed: u64) -> (World, SocketAddr, SocketAddr) {
    let mut world = World::new(seed);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish("a", &[Source::Microphone, Source::Camera]);
    let down = world.subscribe("b");
    // The rate is the test's, not an estimate's.
    world.client_mut(down).feedback = false;
    world.negotiate_down(down);
    world.run(2 * SECOND);
    (world, up, down)
}

#[test]
fn sound_never_waits_behind_pictures_that_the_path_does_not_bear() {
    let (mut world, up, down) = meet(1);
    world.worker.set_rate(&room(), &seat("b"), Some(SLOW));
    let (sound, pictures) = received(&world, down);
    let asked = world.client(up).keyframe_requests;
    world.run(10 * SECOND);
    let (sound_after, pictures_after) = received(&world, down);
    assert!(
        sound_after - sound >= 498,
        "every sound packet of ten seconds"
    );
    assert!(
        pictures_after - pictures < 200,
        "of 450 pictures' packets no more than the rate lets through"
    );
    assert!(
        world.client(up).keyframe_requests > asked,
        "it begins again with a keyframe"
    );

    world.worker.set_rate(&room(), &seat("b"), None);
    world.run(2 * SECOND);
    let (_, before) = received(&world, down);
    world.run(2 * SECOND);
    assert!(
        received(&world, down).1 - before >= 85,
        "and then all of it"
    );
}

/// Numbers that were never sent are given to the next packets: the client sees no gap, and asks for nothing.
#[test]
fn what_was_dropped_leaves_no_gap() {
    let (mut world, _, down) = meet(2);
    for rate in [Some(SLOW), None, Some(SLOW), None] {
        world.worker.set_rate(&room(), &seat("b"), rate);
        world.run(5 * SECOND);
    }
    for received in world.client(down).received.values() {
        let (first, last) = (
            received.contents.keys().next().unwrap(),
            received.contents.keys().last().unwrap(),
        );
        assert_eq!(last - first + 1, received.contents.len() as u64);
    }
    let stats = world.worker.stats(&room(), world.now());
    let down = stats.iter().find_map(|seat| seat.down.as_ref()).unwrap();
    assert_eq!((down.nacked, down.retransmitted), (0, 0));
}

#[test]
fn what_waits_when_it_is_forbidden_never_leaves() {
    for seed in 3..13 {
        let (mut world, _, down) = meet(seed);
        world.worker.set_rate(&room(), &seat("b"), Some(SLOW));
        world.run(Duration::from_millis(100 + seed * 7));
        // Whatever arrived before is out of the way: what is received from here on left after the policy was set.
        world
            .worker
            .set_policy(&room(), Policy::default(), world.now())
            .unwrap();
        assert_eq!(
            world.worker.output().datagrams.runs().len(),
            0,
            "nothing was still to be sent"
        );
        world.run(Duration::from_millis(11));
        let before = received(&world, down);
        world.worker.set_rate(&room(), &seat("b"), None);
        world.run(2 * SECOND);
        assert_eq!(received(&world, down), before);

        world.set_policy(open_policy(&["a", "b"]));
        world.run(SECOND);
        let after = received(&world, down);
        assert!(after.0 > before.0 && after.1 > before.1, "and it resumes");
    }
}

#[test]
fn who_leaves_takes_along_what_waits() {
    let (mut world, _, down) = meet(14);
    world.worker.set_rate(&room(), &seat("b"), Some(SLOW));
    world.run(Duration::from_millis(200));
    world.worker.remove_seat(&room(), &seat("a"));
    world.run(Duration::from_millis(11));
    let before = received(&world, down);
    world.worker.set_rate(&room(), &seat("b"), None);
    world.run(SECOND);
    assert_eq!(received(&world, down), before);
}

/// Sound, pictures, padding: they are numbered as they leave, whatever overtook whatever in the queue.
#[test]
fn transport_numbers_come_without_gap_and_in_order() {
    let mut world = World::new(15);
    world.set_policy(open_policy(&["a", "b"]));
    world.publish_as("a", &[Source::Microphone, Source::Camera], &LAYERS);
    let down = world.subscribe("b");
    world.run(10 * SECOND);
    let client = world.client(down);
    assert!(client.padding > 0 && client.transport_numbers.len() > 1000);
    for pair in client.transport_numbers.windows(2) {
        assert_eq!(pair[1], pair[0].wrapping_add(1));
    }
}
