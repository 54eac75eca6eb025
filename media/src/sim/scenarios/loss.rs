//! Loss on both sides is mended by retransmission, without asking more than is owed.

use std::time::Duration;

use crate::api::Source;
use crate::sim::{Link, World, open_policy};

fn lossy(loss: f64) -> Link {
    Link {
        loss,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(15),
        cut: false,
    }
}

#[test]
fn five_percent_each_way_is_recovered() {
    for seed in [1, 2, 3] {
        let mut world = World::new(seed);
        world.set_policy(open_policy(&["a", "b"]));
        let up = world.publish("a", &[Source::Camera]);
        let down = world.subscribe("b");
        world.links.insert(up, lossy(0.05));
        world.links.insert(down, lossy(0.05));
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
        // About 5 % lost, and some of the requests and answers again.
        let owed = publisher.published / 20;
        assert!(
            publisher.retransmitted <= owed * 2,
            "seed {seed}: {} resent, {owed} owed",
            publisher.retransmitted
        );
    }
}

#[test]
fn reordering_alone_causes_next_to_no_retransmission() {
    let mut world = World::new(4);
    world.set_policy(open_policy(&["a", "b"]));
    let up = world.publish("a", &[Source::Camera]);
    world.subscribe("b");
    world.links.insert(
        up,
        Link {
            jitter: Duration::from_millis(7),
            ..Link::default()
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
    world.links.insert(up, lossy(0.1));
    world.links.insert(down, lossy(0.1));
    world.run(Duration::from_secs(20));
    let published = world.client(up).published;
    let got = world.client(down).contents().len() as u64;
    assert!(
        published > 800 && got + 25 >= published,
        "{got} of {published}"
    );
}
