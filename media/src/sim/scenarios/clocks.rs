//! Sender reports are translated so that sound and picture of a seat stay in step at the far end.

use std::time::Duration;

use crate::api::Source;
use crate::rtcp::us_from_ntp;
use crate::sim::{World, open_policy};

#[test]
fn sound_and_picture_map_to_the_same_time() {
    let mut world = World::new(1);
    world.set_policy(open_policy(&["a", "b"]));
    world.publish("a", &[Source::Microphone, Source::Camera]);
    let down = world.subscribe("b");
    world.run(Duration::from_secs(4));
    let streams: Vec<_> = world
        .client(down)
        .received
        .values()
        .filter(|r| !r.contents.is_empty())
        .collect();
    assert_eq!(streams.len(), 2);
    // Each stream's last packet, put on the report's time line: both were published just now.
    let shown: Vec<i64> = streams
        .iter()
        .map(|stream| {
            let (ntp, rtp) = stream.clock.expect("a sender report came");
            let rate = if stream.first_is_keyframe.is_some() {
                90_000
            } else {
                48_000
            };
            let last = stream.timestamps.values().last().unwrap();
            us_from_ntp(ntp) + i64::from(last.wrapping_sub(rtp) as i32) * 1_000_000 / rate
        })
        .collect();
    assert!(
        (shown[0] - shown[1]).abs() <= 66_000,
        "{} µs apart, one frame at most",
        shown[0] - shown[1]
    );
}
