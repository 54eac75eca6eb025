//! The Merkle tree of RFC 9162 section 2.1, over blinded commitments to running heads.

use crate::digest::{Hash, Nonce, h};

/// `commitment = H(nonce ‖ head)`.
#[must_use]
pub fn commitment(nonce: &Nonce, head: &Hash) -> Hash {
    h(&[nonce.as_bytes(), head.as_bytes()])
}

/// The root over `commitments` in order; `H("")` over none.
#[must_use]
pub fn root(commitments: &[Hash]) -> Hash {
    match commitments {
        [] => h(&[]),
        [one] => h(&[&[0], one.as_bytes()]),
        more => {
            // The largest power of two below the count, as RFC 9162 splits.
            let split = 1 << (usize::BITS - 1 - (more.len() - 1).leading_zeros());
            let (left, right) = more.split_at(split);
            h(&[&[1], root(left).as_bytes(), root(right).as_bytes()])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(n: u8) -> Hash {
        h(&[&[0], &[n; 32]])
    }

    fn node(left: Hash, right: Hash) -> Hash {
        h(&[&[1], left.as_bytes(), right.as_bytes()])
    }

    fn commitments(count: u8) -> Vec<Hash> {
        (0..count).map(|n| Hash::from([n; 32])).collect()
    }

    #[test]
    fn trees_split_at_the_largest_power_of_two() {
        assert_eq!(root(&[]), h(&[]));
        assert_eq!(root(&commitments(1)), leaf(0));
        assert_eq!(root(&commitments(2)), node(leaf(0), leaf(1)));
        let three = node(node(leaf(0), leaf(1)), leaf(2));
        assert_eq!(root(&commitments(3)), three);
        let four = node(node(leaf(0), leaf(1)), node(leaf(2), leaf(3)));
        assert_eq!(root(&commitments(4)), four);
        let seven = node(four, node(node(leaf(4), leaf(5)), leaf(6)));
        assert_eq!(root(&commitments(7)), seven);
    }
}
