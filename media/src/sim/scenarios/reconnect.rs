//! Whatever a publisher does, subscribers see one continuous stream.

use std::time::Duration;

use crate::api::{RelayEvent, Source};
use crate::sim::{World, open_policy};

/// Every sequence number is there, timestamps never go back, and never run ahead of the time that passed.
fn assert_continuous(world: &World, address: std::net::SocketAddr, seconds: u32) {
    let received: Vec<_> = world
        .client(address)
        .received
        .values()
        .filter(|r| !r.contents.is_empty())
        .collect();
    assert_eq!(received.len(), 1, "one stream from beginning to end");
    let seqs: Vec<u64> = received[0].contents.keys().copied().collect();
    assert!(
        seqs.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "no hole"
    );
    let times: Vec<u32> = received[0].timestamps.values().copied().collect();
    assert!(
        times
            .windows(2)
            .all(|pair| pair[1].wrapping_sub(pair[0]) < 90_000 * seconds),
        "time goes forward"
    );
    let whole = times.last().unwrap().wrapping_sub(times[0]);
    assert!(
        whole < 90_000 * (seconds + 1),
        "{whole} ticks in {seconds} s"
    );
}

#[test]
fn a_new_ssrc_continues_the_old() {
    let mut world = World::new(1);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish("a", &[Source::Camera]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(3));
    world.clients.get_mut(&up).unwrap().change_ssrcs();
    let before = world.client(down).contents().len();
    world.run(Duration::from_secs(3));
    assert!(world.client(down).contents().len() > before + 100);
    assert_continuous(&world, down, 6);
}

#[test]
fn a_publisher_that_comes_back_with_a_new_connection_keeps_its_slot() {
    let mut world = World::new(2);
    world.set_policy(open_policy(&["a", "b"]));
    let old = world.publish("a", &[Source::Camera]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(3));
    let offers = world
        .events
        .iter()
        .filter(|event| matches!(event, RelayEvent::DownNeedsOffer { .. }))
        .count();
    world.clients.remove(&old);
    world.publish("a", &[Source::Camera]);
    let before = world.client(down).contents().len();
    world.run(Duration::from_secs(3));
    assert!(world.client(down).contents().len() > before + 100);
    assert_continuous(&world, down, 6);
    let after = world
        .events
        .iter()
        .filter(|event| matches!(event, RelayEvent::DownNeedsOffer { .. }))
        .count();
    assert_eq!(offers, after, "nobody had to negotiate");
}
