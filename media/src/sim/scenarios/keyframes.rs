//! Pictures begin at a keyframe, which is asked for at once and not too often.

use std::time::Duration;

use crate::api::Source;
use crate::sim::{World, open_policy};

#[test]
fn a_late_joiner_sees_a_picture_at_once() {
    let mut world = World::new(1);
    world.set_policy(open_policy(&["a", "b", "c"]));
    let up = world.publish("a", &[Source::Camera]);
    world.subscribe("b");
    world.run(Duration::from_secs(5));
    let requests = world.client(up).keyframe_requests;
    let late = world.subscribe("c");
    let took = world.run_until(Duration::from_secs(1), "a picture", |world| {
        world
            .client(late)
            .received
            .values()
            .any(|received| received.first_is_keyframe.is_some())
    });
    // ICE, DTLS (two round trips of 20 ms), request, the next frame (66 ms).
    assert!(took < Duration::from_millis(250), "{took:?}");
    assert!(
        world
            .client(late)
            .received
            .values()
            .all(|received| received.first_is_keyframe == Some(true))
    );
    assert_eq!(world.client(up).keyframe_requests, requests + 1);
}

#[test]
fn ten_joining_together_ask_a_few_times() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
    let mut world = World::new(2);
    world.set_policy(open_policy(&names));
    let up = world.publish("a", &[Source::Camera]);
    world.run(Duration::from_secs(2));
    let late: Vec<_> = names[1..]
        .iter()
        .map(|name| world.subscribe(name))
        .collect();
    world.run(Duration::from_secs(2));
    for address in late {
        assert!(
            world
                .client(address)
                .received
                .values()
                .any(|received| received.first_is_keyframe == Some(true))
        );
    }
    assert!(
        world.client(up).keyframe_requests <= 5,
        "{} requests",
        world.client(up).keyframe_requests
    );
}
