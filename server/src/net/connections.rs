//! Which connections are a stranger's. Strangers are few in number and short in time; those signed in are neither.
//!
//! A connection begins as a stranger's and stops being one with the first request that carries a valid sign-in. Where there
//! are too many strangers, the oldest connection of the address that holds most is shed: whoever floods, floods out
//! himself. Nothing here counts or ends the connections of people who are signed in.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a stranger's connection may go on after each request: time to fetch what was asked for.
const AFTER_REQUEST: Duration = Duration::from_secs(30);

/// All strangers' connections.
#[derive(Clone, Debug)]
pub struct Connections {
    inner: Arc<Mutex<Registry>>,
    most: usize,
    most_per_address: usize,
    first_request_within: Duration,
}

#[derive(Debug, Default)]
struct Registry {
    next: u64,
    total: usize,
    /// Oldest first.
    by_address: HashMap<IpAddr, VecDeque<(u64, Arc<Notify>)>>,
}

/// One connection; in the extensions of each of its requests.
#[derive(Clone, Debug)]
pub struct Connection {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    id: u64,
    address: IpAddr,
    key: IpAddr,
    registry: Connections,
    shed: Arc<Notify>,
    /// `None` once recognised.
    deadline: Mutex<Option<Instant>>,
}

impl Connections {
    /// `most` strangers in all, `most_per_address` from one address.
    #[must_use]
    pub fn new(most: usize, most_per_address: usize, first_request_within: Duration) -> Self {
        Self {
            inner: Arc::default(),
            most: most.max(1),
            most_per_address: most_per_address.max(1),
            first_request_within,
        }
    }

    /// Takes a new connection in; sheds an older one where there are too many.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> Connection {
        let key = neighbourhood(address);
        let shed = Arc::new(Notify::new());
        let mut registry = lock(&self.inner);
        registry.next += 1;
        let id = registry.next;
        let own = registry.by_address.entry(key).or_default();
        own.push_back((id, Arc::clone(&shed)));
        let crowded = own.len() > self.most_per_address;
        registry.total += 1;
        if crowded {
            registry.shed_oldest_of(key);
        } else if registry.total > self.most {
            registry.shed_from_largest();
        }
        drop(registry);
        Connection {
            inner: Arc::new(Inner {
                id,
                address,
                key,
                registry: self.clone(),
                shed,
                deadline: Mutex::new(Some(Instant::now() + self.first_request_within)),
            }),
        }
    }

    /// How many connections are strangers'.
    #[must_use]
    pub fn strangers(&self) -> usize {
        lock(&self.inner).total
    }
}

impl Registry {
    fn shed_oldest_of(&mut self, key: IpAddr) {
        let Some(own) = self.by_address.get_mut(&key) else {
            return;
        };
        if let Some((_, shed)) = own.pop_front() {
            shed.notify_one();
            self.total -= 1;
        }
        if own.is_empty() {
            self.by_address.remove(&key);
        }
    }

    fn shed_from_largest(&mut self) {
        let largest = self
            .by_address
            .iter()
            .max_by_key(|(_, own)| own.len())
            .map(|(key, _)| *key);
        if let Some(key) = largest {
            self.shed_oldest_of(key);
        }
    }

    fn forget(&mut self, key: IpAddr, id: u64) {
        let Some(own) = self.by_address.get_mut(&key) else {
            return;
        };
        if let Some(position) = own.iter().position(|(other, _)| *other == id) {
            own.remove(position);
            self.total -= 1;
        }
        if own.is_empty() {
            self.by_address.remove(&key);
        }
    }
}

impl Connection {
    /// Where it comes from.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.inner.address
    }

    /// The address as a key of quotas: an IPv6 neighbourhood counts as one.
    #[must_use]
    pub fn address_key(&self) -> String {
        self.inner.key.to_string()
    }

    /// A valid sign-in came over it: no stranger any more.
    pub fn recognise(&self) {
        let was = lock(&self.inner.deadline).take();
        if was.is_some() {
            self.inner.forget();
        }
    }

    /// A request began: a stranger gets a little longer.
    pub fn requested(&self) {
        if let Some(deadline) = lock(&self.inner.deadline).as_mut() {
            *deadline = Instant::now() + AFTER_REQUEST;
        }
    }

    /// Ends when the connection must: shed, or a stranger's time is up. Never for those who are signed in.
    pub async fn must_end(&self) {
        loop {
            let deadline = *lock(&self.inner.deadline);
            let Some(deadline) = deadline else {
                return std::future::pending().await;
            };
            tokio::select! {
                () = self.inner.shed.notified() => {
                    if lock(&self.inner.deadline).is_some() {
                        return;
                    }
                }
                () = tokio::time::sleep_until(deadline) => {
                    // It may have been moved, or taken away, while this slept.
                    if lock(&self.inner.deadline).is_some_and(|d| d <= Instant::now()) {
                        return;
                    }
                }
            }
        }
    }
}

impl Inner {
    fn forget(&self) {
        lock(&self.registry.inner).forget(self.key, self.id);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Whoever has one IPv6 address has a /64 of them.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let network = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

/// A panic elsewhere leaves counts that are still whole: nothing here is half-done between two statements that can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOD: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
    const GUEST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn connections(most: usize, per_address: usize) -> Connections {
        Connections::new(most, per_address, Duration::from_secs(10))
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_sheds_its_own_oldest() {
        let all = connections(10, 4);
        let guest = all.admit(GUEST);
        let flood: Vec<_> = (0..10_000).map(|_| all.admit(FLOOD)).collect();
        assert_eq!(all.strangers(), 5);
        flood[0].must_end().await;
        let guest_ends = tokio::time::timeout(Duration::from_secs(9), guest.must_end()).await;
        assert!(guest_ends.is_err(), "the guest was shed");
    }

    #[tokio::test(start_paused = true)]
    async fn the_largest_crowd_goes_first() {
        let all = connections(5, 4);
        let guest = all.admit(GUEST);
        let crowd: Vec<_> = (0..4).map(|_| all.admit(FLOOD)).collect();
        let other: IpAddr = "10.0.0.9".parse().unwrap();
        let _late = all.admit(other);
        crowd[0].must_end().await;
        let ends = tokio::time::timeout(Duration::from_secs(9), guest.must_end()).await;
        assert!(ends.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_has_ten_seconds_and_thirty_after_a_request() {
        let all = connections(10, 10);
        let begun = Instant::now();
        all.admit(GUEST).must_end().await;
        assert_eq!(begun.elapsed().as_secs(), 10);
        let asking = all.admit(GUEST);
        asking.requested();
        let begun = Instant::now();
        asking.must_end().await;
        assert_eq!(begun.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_signed_in_is_never_shed() {
        let all = connections(4, 2);
        let member = all.admit(FLOOD);
        member.recognise();
        let _flood: Vec<_> = (0..100).map(|_| all.admit(FLOOD)).collect();
        let ends = tokio::time::timeout(Duration::from_secs(3_600), member.must_end()).await;
        assert!(ends.is_err());
        drop(member);
        assert_eq!(all.strangers(), 2);
    }

    #[test]
    fn an_ipv6_network_is_one_neighbour() {
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let b: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        assert_eq!(neighbourhood(a), neighbourhood(b));
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(neighbourhood(mapped), "10.0.0.1".parse::<IpAddr>().unwrap());
    }
}
