//! Where requests of ours may go when somebody else named the address: to the public internet, and to networks that the
//! configuration allows. Without this an address entered here would reach what only this machine can see.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::Deserialize;

/// An address prefix: `10.20.0.0/16`, `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a network such as 10.20.0.0/16")]
pub struct NotANetwork(String);

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits: u8 = bits.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

impl TryFrom<String> for Network {
    type Error = NotANetwork;

    fn try_from(text: String) -> Result<Self, NotANetwork> {
        text.parse()
    }
}

impl Network {
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.bits))
                    .unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Which addresses may be called.
#[derive(Clone, Debug, Default)]
pub struct Allowed(Arc<[Network]>);

impl Allowed {
    #[must_use]
    pub fn new(networks: &[Network]) -> Self {
        Self(networks.into())
    }

    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        // ::ffff:10.0.0.1 reaches 10.0.0.1.
        let address = address.to_canonical();
        is_public(address) || self.0.iter().any(|network| network.contains(address))
    }
}

/// Public by the registries of special addresses (RFC 6890 and its kin).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(a: Ipv4Addr) -> bool {
    let [first, second, third, _] = a.octets();
    let special = a.is_private()
        || a.is_loopback()
        || a.is_link_local()
        || a.is_documentation()
        || first == 0
        // Class D and E, broadcast included.
        || first >= 224
        // Shared by carriers, protocol assignments, benchmarks.
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 192 && second == 88 && third == 99)
        || (first == 198 && (18..20).contains(&second));
    !special
}

fn is_public_v6(a: Ipv6Addr) -> bool {
    let [first, second, ..] = a.segments();
    // Global unicast is 2000::/3; in it the tunnels (2001::/23, 2002::/16), whose inner address nobody checks, and examples.
    let global = first & 0xe000 == 0x2000;
    let tunnel = (first == 0x2001 && second < 0x0200) || first == 0x2002;
    let example = (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000);
    global && !tunnel && !example
}

/// The address may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address of a network that may not be called")]
pub struct Forbidden;

/// Looks names up and drops what may not be called, at the very moment of the call: a name cannot change its mind between.
#[derive(Clone, Debug)]
pub struct Resolver(pub Allowed);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let permitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| allowed.permits(address.ip()))
                .collect();
            if permitted.is_empty() {
                return Err(Forbidden.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Checks an address that is a number: those are never looked up.
///
/// # Errors
/// When it may not be called.
pub fn check_host(url: &reqwest::Url, allowed: &Allowed) -> Result<(), Forbidden> {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) if !allowed.permits(address) => Err(Forbidden),
        _ => Ok(()),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(allowed: &Allowed, address: &str) -> bool {
        allowed.permits(address.parse().unwrap())
    }

    #[test]
    fn what_only_this_machine_can_see_is_not_called() {
        let nothing = Allowed::default();
        for inner in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:0:1::1",
            "2001:db8::1",
            "::7f00:1",
        ] {
            assert!(!permits(&nothing, inner), "{inner}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "100.63.0.1", "2400:3200::1"] {
            assert!(permits(&nothing, public), "{public}");
        }
    }

    #[test]
    fn the_configuration_opens_a_network_and_no_more() {
        let allowed = Allowed::new(&["10.20.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        assert!(permits(&allowed, "10.20.255.1"));
        assert!(permits(&allowed, "::ffff:10.20.0.1"));
        assert!(permits(&allowed, "fd01::5"));
        assert!(!permits(&allowed, "10.21.0.1"));
        assert!(!permits(&allowed, "127.0.0.1"));
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("127.0.0.1".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_name_for_an_inner_address_is_not_called_either() {
        let resolver = Resolver(Allowed::default());
        assert!(
            resolver
                .resolve("localhost".parse().unwrap())
                .await
                .is_err()
        );
        let open = Allowed::new(&["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        assert!(
            Resolver(open)
                .resolve("localhost".parse().unwrap())
                .await
                .is_ok()
        );
    }

    #[test]
    fn every_spelling_of_a_number_is_seen() {
        for url in [
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://[::1]/",
            "http://017700000001/",
        ] {
            let url = reqwest::Url::parse(url).unwrap();
            assert_eq!(
                check_host(&url, &Allowed::default()),
                Err(Forbidden),
                "{url}"
            );
        }
    }
}
