//! Loss on both sides is mended by retransmission, without asking more than is owed.

use std::time::Duration;

use crate::api::Source;
use crate::sim::{Loss, Path, World, open_policy, room};

fn lossy(loss: f64) -> Path {
    Path {
        loss: Loss::Random(loss),
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(15),
        ..Path::default()
    }
}

#[test]
fn five_percent_each_way_is_recovered() {
    for seed in [1, 2, 3] {
        let mut world = World::new(seed);
        world.set_policy(open_policy(&["a", "b"]));
        let up = world.publish("a", &[Source::Camera]);
        let down = world.subscribe("b");
        world.set_path(up, lossy(0.05));
        world.set_path(down, lossy(0.05));
        world.run(Duration::from_secs(20));
        let (publisher, subscriber) = (world.client(up), world.client(down));
        let tapped = world
            .tap
            .0
            .lock()
            .unwrap()
            .iter()
            .filter(|packet| packet.payload.len() > 400)
            .count() as u64;
        assert!(
            publisher.published > 700,
            "the publisher connected in good time"
        );
        // The last round trips are still under way.
        assert!(
            tapped + 12 >= publisher.published,
            "seed {seed}: {tapped} of {} recorded",
            publisher.published
        );
        let got = subscriber.contents().len() as u64;
        assert!(
            got + 40 >= publisher.published,
            "seed {seed}: {got} of {} received",
            publisher.published
        );
        let twice: u64 = subscriber
            .received
            .values()
            .map(|received| received.duplicates)
            .sum();
        assert!(
            twice <= publisher.published / 100,
            "seed {seed}: {twice} sent twice"
        );
    }
}

/// Of what is lost on the way up, no more is sent again than is owed, whatever the way is like; and all of it comes.
#[test]
fn no_more_is_sent_again_than_was_lost() {
    let bursts = |mean| Loss::Bursts { mean, packets: 5.0 };
    let losses = [0.05, 0.1, 0.2].map(Loss::Random).into_iter();
    for loss in losses.chain([0.05, 0.1, 0.2].map(bursts)) {
        for (rtt, jitter) in [(40, 0), (40, 15), (300, 0), (300, 15)] {
            let mut world = World::new(7);
            world.set_policy(open_policy(&["a", "b"]));
            let up = world.publish("a", &[Source::Camera]);
            let down = world.subscribe("b");
            world.run(Duration::from_secs(1));
            let delay = Duration::from_millis(rtt / 2);
            let jitter = Duration::from_millis(jitter);
            let path = Path {
                delay,
                jitter,
                ..Path::default()
            };
            world.set_paths(up, Path { loss, ..path }, path);
            world.run(Duration::from_secs(25));
            let (lost, resent) = (world.wire(up, true).lost, world.client(up).retransmitted);
            let what = format!("{loss:?}, {rtt} ms and {jitter:?}");
            assert!(
                resent * 10 <= lost * 13,
                "{what}: {resent} resent, {lost} lost"
            );
            // What has not come after five seconds never will.
            world.set_path(up, path);
            world.run(Duration::from_secs(6));
            let stats = world.worker.stats(&room(), world.now());
            let track = stats.iter().flat_map(|seat| &seat.tracks).next().unwrap();
            let (never, came) = (track.lost, track.packets);
            // At 300 ms and a fifth lost in bursts a packet is given up after four requests.
            assert!(never * 50 <= came, "{what}: {never} of {came} never came");
            assert!(
                world.client(down).contents().len() as u64 + 60 >= came,
                "{what}"
            );
        }
    }
}

#[test]
fn reordering_alone_causes_next_to_no_retransmission() {
    let mut world = World::new(4);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish("a", &[Source::Camera]);
    world.subscribe("b");
    world.set_path(
        up,
        Path {
            jitter: Duration::from_millis(7),
            ..Path::default()
        },
    );
    world.run(Duration::from_secs(10));
    assert!(
        world.client(up).retransmitted <= 5,
        "{} resent",
        world.client(up).retransmitted
    );
    let reports = &world.client(up).reports;
    assert!(
        reports.iter().all(|report| report.fraction_lost < 13),
        "reordering is not reported as loss"
    );
}

#[test]
fn feedback_reaches_the_publisher() {
    let mut world = World::new(5);
    world.set_policy(open_policy(&["a"]));
    let up = world.publish("a", &[Source::Microphone, Source::Camera]);
    world.run(Duration::from_secs(5));
    let publisher = world.client(up);
    assert!(
        publisher.transport_feedback >= 60,
        "{} in five seconds",
        publisher.transport_feedback
    );
    assert!(publisher.reports.len() >= 6);
    assert!(
        publisher
            .reports
            .iter()
            .all(|report| report.total_lost == 0)
    );
}

#[test]
fn lost_sound_is_sent_again_as_it_was() {
    let mut world = World::new(6);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish("a", &[Source::Microphone]);
    let down = world.subscribe("b");
    world.set_path(up, lossy(0.1));
    world.set_path(down, lossy(0.1));
    world.run(Duration::from_secs(20));
    let published = world.client(up).published;
    let got = world.client(down).contents().len() as u64;
    assert!(
        published > 800 && got + 25 >= published,
        "{got} of {published}"
    );
}
