//! Many tracks, many seats, and who speaks.

use std::time::Duration;

use crate::api::{RelayEvent, Source};
use crate::sim::{World, open_policy, room, seat};

#[test]
fn twelve_seats_with_camera_screen_and_sound_all_see_each_other() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let mut world = World::new(1);
    world.set_policy(open_policy(&names));
    for name in names {
        let sources: &[Source] = match name {
            "a" => &[
                Source::Microphone,
                Source::Camera,
                Source::Screen,
                Source::ScreenAudio,
            ],
            _ => &[Source::Microphone, Source::Camera],
        };
        world.publish(name, sources);
    }
    let downs: Vec<_> = names.iter().map(|name| world.subscribe(name)).collect();
    world.run(Duration::from_secs(2));
    for (name, address) in names.iter().zip(downs) {
        let expected = if *name == "a" { 22 } else { 24 };
        let streams = world
            .client(address)
            .received
            .values()
            .filter(|received| received.contents.len() > 20)
            .count();
        assert_eq!(streams, expected, "{name}");
    }
}

#[test]
fn the_loudest_is_named_once() {
    let mut world = World::new(2);
    world.set_policy(open_policy(&["a", "b"]));
    let quiet = world.publish("a", &[Source::Microphone]);
    let loud = world.publish("b", &[Source::Microphone]);
    world.clients.get_mut(&quiet).unwrap().level = 90;
    world.clients.get_mut(&loud).unwrap().level = 20;
    world.run(Duration::from_secs(3));
    let speakers: Vec<_> = world
        .events
        .iter()
        .filter(|event| matches!(event, RelayEvent::Speaking { .. }))
        .collect();
    assert_eq!(
        speakers,
        [&RelayEvent::Speaking {
            room: room(),
            seat: seat("b")
        }]
    );
}
