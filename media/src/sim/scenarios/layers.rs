//! Simulcast: each subscriber's layer, one continuous stream whatever the layer, and layers that nobody needs.

use std::net::SocketAddr;
use std::time::Duration;

use crate::api::{Policy, RelayEvent, Source, TrackId, View};
use crate::sim::scenarios::bandwidth::LAYERS;
use crate::sim::{Loss, Path, World, open_policy, room, seat};

fn camera() -> TrackId {
    TrackId {
        seat: seat("a"),
        source: Source::Camera,
    }
}

fn unrecorded(names: &[&str]) -> Policy {
    let mut policy = open_policy(names);
    policy
        .seats
        .values_mut()
        .for_each(|publishing| publishing.record = false);
    policy
}

fn look(world: &mut World, name: &str, width: u16) {
    let view = View {
        track: camera(),
        width,
        height: width / 16 * 9,
        important: false,
    };
    let now = world.now();
    let set = world
        .worker
        .set_views(&room(), &seat(name), vec![view], now);
    set.unwrap();
}

fn width(world: &World, address: SocketAddr) -> Option<u16> {
    world
        .client(address)
        .received
        .values()
        .find_map(|received| received.width())
}

/// The layers that the publisher was last told to send.
fn wanted(world: &World) -> Option<Vec<String>> {
    let told = world.events.iter().rev();
    told.filter_map(|event| match event {
        RelayEvent::LayersWanted { rids, .. } => Some(rids.clone()),
        _ => None,
    })
    .next()
}

#[test]
fn everybody_has_the_layer_of_its_screen_in_one_continuous_stream() {
    let mut world = World::new(1);
    world.set_policy(open_policy(&["a", "b", "c"]));
    world.publish_as("a", &[Source::Camera], &LAYERS);
    let (large, changing) = (world.subscribe("b"), world.subscribe("c"));
    look(&mut world, "b", 1280);
    for shown in [320, 1280, 640, 320, 1280, 320] {
        look(&mut world, "c", shown);
        world.run(Duration::from_secs(3));
        assert_eq!(width(&world, large), Some(1280));
        assert_eq!(width(&world, changing), Some(shown));
    }
    let received = world.client(changing).received.values();
    let received: Vec<_> = received.filter(|r| !r.contents.is_empty()).collect();
    assert_eq!(received.len(), 1, "one stream");
    let seqs: Vec<u64> = received[0].contents.keys().copied().collect();
    assert!(
        seqs.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "no hole"
    );
    let times: Vec<u32> = received[0].timestamps.values().copied().collect();
    let steps = times.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    assert!(
        steps.max().unwrap() < 90_000 / 4,
        "time goes on without a leap"
    );
    let took = times.last().unwrap().wrapping_sub(times[0]);
    assert!(
        (90_000 * 17..90_000 * 19).contains(&took),
        "{took} ticks in 18 s"
    );
    let pictures: Vec<(u16, u8)> = received[0].pictures.values().copied().collect();
    for pair in pictures.windows(2) {
        assert!(pair[1].0.wrapping_sub(pair[0].0) & 0x7fff <= 1, "{pair:?}");
        assert!(pair[1].1.wrapping_sub(pair[0].1) <= 1, "{pair:?}");
    }
}

#[test]
fn what_was_sent_of_another_layer_can_still_be_had_again() {
    let mut world = World::new(2);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish_as("a", &[Source::Camera], &LAYERS);
    let down = world.subscribe("b");
    let lossy = Path {
        loss: Loss::Random(0.1),
        ..Path::default()
    };
    world.run(Duration::from_secs(1));
    world.set_path(up, lossy);
    world.set_path(down, lossy);
    for shown in [320, 1280, 640, 1280, 320] {
        look(&mut world, "b", shown);
        world.run(Duration::from_secs(4));
        assert_eq!(width(&world, down), Some(shown));
    }
    let received = world.client(down).received.values();
    let received = received.max_by_key(|r| r.contents.len()).unwrap();
    let (first, last) = (
        received.contents.keys().next(),
        received.contents.keys().last(),
    );
    let span = last.unwrap() - first.unwrap() + 1;
    let missing = span - received.contents.len() as u64;
    // What never reached the relay before a change of layer is not missed either.
    assert!(missing * 100 < span, "{missing} of {span} missing");
}

#[test]
fn layers_that_nobody_needs_are_paused_and_come_back() {
    let mut world = World::new(3);
    world.set_policy(unrecorded(&["a", "b"]));
    let up = world.publish_as("a", &[Source::Camera], &LAYERS);
    let down = world.subscribe("b");
    look(&mut world, "b", 320);
    world.run(Duration::from_secs(6));
    assert_eq!(wanted(&world), Some(vec!["q".to_owned()]));
    let before = world.client(up).published;
    world.run(Duration::from_secs(2));
    let a_second = (world.client(up).published - before) / 2;
    assert!(
        a_second < 30,
        "{a_second} packets a second of one small layer"
    );
    look(&mut world, "b", 1280);
    let took = world.run_until(Duration::from_secs(2), "the large layer", |world| {
        width(world, down) == Some(1280)
    });
    assert!(took < Duration::from_millis(400), "{took:?}");

    world.set_policy(open_policy(&["a", "b"]));
    look(&mut world, "b", 320);
    world.run(Duration::from_secs(6));
    let rids = ["q".to_owned(), "f".to_owned()];
    assert_eq!(
        wanted(&world).as_deref(),
        Some(&rids[..]),
        "the recording needs the largest"
    );
}

#[test]
fn the_recording_has_one_layer_at_a_time_and_the_largest_that_is_sent() {
    let mut world = World::new(4);
    world.set_policy(open_policy(&["a"]));
    let up = world.publish_as("a", &[Source::Camera], &LAYERS);
    let rids = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    world.run(Duration::from_secs(4));
    // The publisher's way becomes narrow: it leaves the largest out for a while.
    let all = rids(&["q", "h", "f"]);
    world
        .client_mut(up)
        .send_layers(Source::Camera, &rids(&["q", "h"]));
    world.run(Duration::from_secs(6));
    world.client_mut(up).send_layers(Source::Camera, &all);
    world.run(Duration::from_secs(4));
    let tapped = world.tap.0.lock().unwrap();
    let mut ssrcs: Vec<u32> = tapped.iter().map(|packet| packet.ssrc).collect();
    ssrcs.dedup();
    assert_eq!(
        ssrcs.len(),
        4,
        "{ssrcs:?}: any, the largest, the next, the largest again"
    );
    assert_eq!(ssrcs[1], ssrcs[3]);
    let last = tapped.iter().rev().map(|packet| packet.payload.len());
    assert!(last.take(20).max().unwrap() > 1_000);
}

#[test]
fn sound_with_its_past_reaches_whoever_takes_it_and_plain_sound_the_rest() {
    let mut world = World::new(5);
    world.set_policy(open_policy(&["a", "b", "c"]));
    world.publish_with_red("a", &[Source::Microphone]);
    let (plain, red) = (world.subscribe("b"), world.subscribe_with_red("c"));
    let lossy = Path {
        loss: Loss::Random(0.1),
        ..Path::default()
    };
    world.run(Duration::from_secs(1));
    world.set_path(plain, lossy);
    world.run(Duration::from_secs(5));
    for (address, with_past) in [(plain, false), (red, true)] {
        let received = world.client(address).received.values();
        let received = received.max_by_key(|r| r.contents.len()).unwrap();
        assert_eq!(received.with_past, with_past);
        assert!(received.contents.len() > 240, "{}", received.contents.len());
    }
    let tapped = world.tap.0.lock().unwrap();
    let sound = tapped
        .iter()
        .filter(|packet| packet.payload[1] & 0x7f == 111);
    assert!(
        sound.clone().all(|packet| packet.payload.len() == 12 + 80),
        "Opus alone"
    );
    assert!(sound.count() > 250);
}
