#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! A whole publisher over one TCP stream, and strangers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::api::{Half, Limits, RelayConfig, Source, Transport};
use crate::relay::Relay;
use crate::sim::{Client, MemoryTap, open_policy, room, seat};
use crate::worker::Now;

const PATIENCE: Duration = Duration::from_secs(20);

fn now(start: Instant) -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Now {
        at: Instant::now(),
        mono_us: start.elapsed().as_micros() as u64,
        wall_us: since.as_micros() as i64,
    }
}

async fn relay(tap: Arc<MemoryTap>) -> Relay {
    let (events, mut told) = mpsc::channel(100);
    tokio::spawn(async move { while told.recv().await.is_some() {} });
    let config = RelayConfig {
        bind: Ipv4Addr::LOCALHOST.into(),
        ports: Vec::new(),
        workers: 1,
        advertise: Vec::new(),
        limits: Limits::default(),
    };
    let relay = Relay::start(config, events).unwrap();
    relay.open_room(&room(), tap).await.unwrap();
    relay
        .set_policy(&room(), open_policy(&["a"]))
        .await
        .unwrap();
    relay
}

/// Where the description says that streams are taken.
fn passive(answer: &str) -> SocketAddr {
    let mut lines = answer.lines();
    let line = lines.find(|line| line.contains(" tcp ")).unwrap();
    assert!(line.ends_with("typ host tcptype passive"), "{line}");
    let words: Vec<&str> = line.split(' ').collect();
    SocketAddr::new(words[4].parse().unwrap(), words[5].parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_comes_through_where_only_tcp_does() {
    let tap = Arc::new(MemoryTap::default());
    let relay = relay(tap.clone()).await;
    let (start, mut rng) = (Instant::now(), StdRng::seed_from_u64(1));
    let mut client = Client::new("a", Half::Up, &mut rng, now(start));
    let (offer, mids) = client.offer(&[Source::Camera], &[]);
    let (room, seat) = (room(), seat("a"));
    let answered = relay.answer_up(&room, &seat, &offer, &mids);
    let answer = answered.await.unwrap();
    client.take_description(&answer);
    let published = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(passive(&answer)).unwrap();
        let millisecond = Some(Duration::from_millis(1));
        stream.set_read_timeout(millisecond).unwrap();
        let (mut seen, mut some) = (Vec::new(), [0; 4096]);
        while tap.0.lock().unwrap().len() < 50 {
            assert!(start.elapsed() < PATIENCE, "nothing came through");
            client.tick(now(start));
            for datagram in std::mem::take(&mut client.outgoing) {
                let length = u16::try_from(datagram.len()).unwrap();
                stream.write_all(&length.to_be_bytes()).unwrap();
                stream.write_all(&datagram).unwrap();
            }
            if let Ok(length) = stream.read(&mut some) {
                assert!(length > 0, "the relay hung up");
                seen.extend_from_slice(&some[..length]);
            }
            while let Some(&[high, low, ref rest @ ..]) = seen.get(..) {
                let length = usize::from(u16::from_be_bytes([high, low]));
                let Some(frame) = rest.get(..length) else {
                    break;
                };
                client.datagram(frame, now(start));
                seen.drain(..2 + length);
            }
        }
        client.published
    });
    assert!(published.await.unwrap() >= 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_shown_out_at_his_first_frame() {
    let relay = relay(Arc::default()).await;
    let address = relay.tcp_addresses()[0];
    let shown_out = tokio::task::spawn_blocking(move || {
        for frame in [&[0, 4, 1, 2, 3, 4][..], &[0, 0], &[0xff, 0xff, 1]] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(frame).unwrap();
            // The end, or a reset where something was left unread.
            assert!(!matches!(stream.read(&mut [0; 16]), Ok(1..)), "{frame:?}");
        }
    });
    shown_out.await.unwrap();
}

#[test]
fn strangers_of_one_address_are_few() {
    let all = Arc::default();
    let here = IpAddr::from([192, 0, 2, 1]);
    let admitted: Vec<_> = (0..20)
        .filter_map(|_| Stranger::admit(&all, here))
        .collect();
    assert_eq!(admitted.len(), MOST_STRANGERS);
    assert!(Stranger::admit(&all, IpAddr::from([192, 0, 2, 2])).is_some());
    drop(admitted);
    assert!(Stranger::admit(&all, here).is_some());
}

#[test]
fn a_stream_is_no_address_that_a_datagram_has() {
    assert!(is_stream(address_of(1)) && is_stream(address_of(u64::MAX)));
    assert_ne!(address_of(1), address_of(1 << 16));
    for address in ["127.0.0.1:1", "[2001:db8::1]:1", "[::1]:1"] {
        assert!(!is_stream(address.parse().unwrap()));
    }
}
