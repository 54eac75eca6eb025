//! What strangers send: garbage for every port, made from a seed so that a run can be repeated.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

/// A small generator (`SplitMix64`): the same seed sends the same bytes.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub const fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.roll().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// One datagram of garbage: noise, or something that begins like STUN, DTLS, RTP or RTCP and then lies or breaks off.
pub fn datagram(dice: &mut Dice) -> Vec<u8> {
    let length = dice.below(1_400) as usize;
    let noise = dice.bytes(length);
    let mut bytes: Vec<u8> = match dice.below(7) {
        0 => noise,
        1 => with_head(
            &[
                0,
                1,
                (dice.below(256)) as u8,
                dice.below(256) as u8,
                0x21,
                0x12,
                0xa4,
                0x42,
            ],
            &noise,
        ),
        2 => with_head(
            &[
                0, 1, 0, 0xff, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 6,
                0xff, 0xff,
            ],
            &noise,
        ),
        3 => with_head(
            &[
                22,
                0xfe,
                0xfd,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                dice.below(256) as u8,
                (length >> 8) as u8,
                length as u8,
                1,
                0,
                0xff,
                0xff,
            ],
            &noise,
        ),
        4 => with_head(
            &[
                22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0, 13, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1,
                7,
            ],
            &[],
        ),
        5 => with_head(
            &[0x80 | dice.below(64) as u8, 96 + dice.below(32) as u8],
            &noise,
        ),
        _ => with_head(
            &[
                0x80 | dice.below(32) as u8,
                200 + dice.below(8) as u8,
                0xff,
                0xff,
            ],
            &noise,
        ),
    };
    if dice.below(3) == 0 {
        let keep = dice.below(bytes.len() as u64 + 1) as usize;
        bytes.truncate(keep);
    }
    bytes
}

fn with_head(head: &[u8], rest: &[u8]) -> Vec<u8> {
    [head, rest].concat()
}

/// Sends garbage datagrams until `until`; answers how many.
///
/// # Panics
/// If no socket can be had.
pub async fn flood_udp(target: SocketAddr, until: Instant, seed: u64) -> u64 {
    let mut dice = Dice::new(seed);
    let mut sent = 0;
    while Instant::now() < until {
        // A new source address now and then, as strangers have.
        let socket = UdpSocket::bind("127.0.0.2:0").await.unwrap();
        for _ in 0..500 {
            let _ = socket.send_to(&datagram(&mut dice), target).await;
            sent += 1;
            if sent % 20 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    sent
}

/// Opens TCP connections that say garbage, or half a TLS hello, until `until`; answers how many.
pub async fn flood_tcp(target: SocketAddr, until: Instant, seed: u64) -> u64 {
    let mut dice = Dice::new(seed);
    let mut opened = 0;
    while Instant::now() < until {
        let Ok(mut stream) = from_stranger(target).await else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        opened += 1;
        let length = dice.below(4_000) as usize;
        let mut bytes = dice.bytes(length);
        match dice.below(3) {
            0 => bytes
                .splice(0..0, [22, 3, 1, 0xff, 0xff, 1, 0, 0xff, 0xff])
                .for_each(drop),
            1 => bytes
                .splice(0..0, b"GET / HTTP/1.1\r\nhost: x\r\n".iter().copied())
                .for_each(drop),
            _ => {}
        }
        let _ = stream.write_all(&bytes).await;
        let mut answer = [0; 64];
        let _ = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut answer)).await;
    }
    opened
}

/// A TCP connection from 127.0.0.2.
///
/// # Errors
/// As the system says.
pub async fn from_stranger(target: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 2], 0)))?;
    socket.connect(target).await
}

/// Opens `count` connections from 127.0.0.2 that never say a word; answers those that the server let connect.
pub async fn idle_connections(target: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for _ in 0..2 * count {
        if open.len() == count {
            break;
        }
        match tokio::time::timeout(Duration::from_secs(1), from_stranger(target)).await {
            Ok(Ok(stream)) => open.push(stream),
            // Refused or timed out: the server or the system sheds strangers, which is its right.
            _ => tokio::task::yield_now().await,
        }
    }
    open
}

/// JSON that is too large, too deep, or not what it says.
#[must_use]
pub fn bad_frames() -> Vec<String> {
    vec![
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "\u{0}".to_owned(),
        r#"{"do":{"id":-1,"command":{"type":"start"}}}"#.to_owned(),
        r#"{"do":{"id":1,"command":{"type":"no_such_act"}}}"#.to_owned(),
        r#"{"do":{"id":1,"command":{"type":"start","more":1}}}"#.to_owned(),
        r#"{"hello":{"after":0}}"#.to_owned(),
        format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)),
        format!(
            r#"{{"do":{{"id":1,"command":{{"type":"say","scope":"room","text":{}"x"{}}}}}}}"#,
            "[".repeat(40),
            "]".repeat(40)
        ),
    ]
}
