#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! Rule tests: `rNN_…` holds rule NN of the procedure.

use crate::testing::journey_a;

#[test]
fn journey_a_plays_to_its_close() {
    let play = journey_a().unwrap();
    assert_eq!(play.session.stage_name(), "closed");
}
