//! The table of authorisation (docs/authorisation.md), driven through HTTP and WebSocket: for every act, role and relation
//! somebody who is really there tries it, and hears what the table says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod case_acts;
mod expected;
mod reads;
mod released;
mod seats;
mod session_acts;
mod tally;
mod world;

use kanjie_domain::Role;
use kanjie_domain::authority::Relation;

use expected::{nobody, not_driven, unmet};
use seats::Seat;
use tally::Tally;
use world::World;

#[test]
fn somebody_stands_for_every_role_and_relation_that_there_can_be() {
    for seats in [Seat::in_case(), Seat::in_session()] {
        for role in Role::ALL {
            for relation in Relation::ALL {
                let mut there = seats.iter();
                let there = there.any(|seat| (seat.role, seat.relation) == (role, relation));
                let why = nobody(role, relation);
                assert!(there == why.is_none(), "{role:?} {relation:?}: {why:?}");
            }
        }
    }
}

#[tokio::test]
async fn every_cell_of_the_table_is_what_the_surface_answers() {
    let mut world = World::open().await;
    let mut tally = Tally::new();
    case_acts::denied(&world, &mut tally).await;
    session_acts::denied(&mut world, &mut tally).await;
    reads::prepare(&mut world).await;
    reads::preview(&world, &mut tally).await;
    reads::seal(&mut world).await;
    reads::all(&world, &mut tally).await;
    case_acts::allowed(&world, &mut tally).await;
    session_acts::allowed(&mut world, &mut tally).await;
    reads::recording(&world, &mut tally).await;
    case_acts::revocations(&world, &mut tally).await;
    world.server.assert_unharmed();
    tally.assert_complete(|cell| {
        let (act, role, relation) = cell;
        not_driven(act)
            .or_else(|| unmet(cell))
            .or_else(|| nobody(role, relation))
    });
}
