//! Receipts: their chain, their signatures, the entries they commit to.

use super::bag::Bag;
use super::journal::Journal;
use super::{Fault, SessionFile, VerifyError};
use crate::digest::Hash;
use crate::key::Keys;
use crate::receipt::Receipt;

const FOLDER: &str = "data/receipts/";

pub(super) fn check(
    bag: &Bag,
    keys: &Keys,
    session: &SessionFile,
    journal: &Journal,
) -> Result<Vec<Receipt>, VerifyError> {
    let mut receipts: Vec<Receipt> = Vec::new();
    for (number, (seq, value)) in (1..).zip(&journal.receipts) {
        let path = format!("{FOLDER}{number}.json");
        let fault = |what: &str| VerifyError::from(Fault::new(&path, what));
        if bag.digest(&path).is_none() {
            return Err(fault("missing, but journalled"));
        }
        let receipt = Receipt::parse(&bag.read(&path)?).map_err(|e| fault(&e.to_string()))?;
        let journalled = Receipt::from_value(value).map_err(|e| fault(&e.to_string()))?;
        if journalled != receipt {
            return Err(fault("not the receipt that was journalled"));
        }
        let key = keys
            .get(&receipt.key())
            .ok_or_else(|| fault("signed by a key that keys.json lacks"))?;
        receipt
            .verify(&key.public)
            .map_err(|e| fault(&e.to_string()))?;
        let previous = receipts.last().map(Receipt::digest);
        commits(&receipt, number, previous, *seq, session, journal).map_err(fault)?;
        receipts.push(receipt);
    }
    for name in bag.names(FOLDER) {
        let known = name
            .rsplit_once('.')
            .and_then(|(stem, _)| stem.parse::<usize>().ok())
            .is_some_and(|number| (1..=receipts.len()).contains(&number));
        if !known {
            return Err(Fault::new(format!("{FOLDER}{name}"), "of no journalled receipt").into());
        }
    }
    Ok(receipts)
}

fn commits(
    receipt: &Receipt,
    number: u64,
    previous: Option<Hash>,
    seq: u64,
    session: &SessionFile,
    journal: &Journal,
) -> Result<(), &'static str> {
    let body = receipt.body();
    if body.number != number || body.previous != previous {
        return Err("does not follow the receipt before it");
    }
    if body.session != session.session {
        return Err("of another session");
    }
    let head = usize::try_from(body.seq)
        .ok()
        .and_then(|n| journal.hashes.get(n.checked_sub(1)?));
    if head != Some(&body.head) || body.seq >= seq {
        return Err("its head is not that of the journal entry it names");
    }
    let checkpoint = journal
        .checkpoints
        .iter()
        .any(|checkpoint| checkpoint.seq + 1 == body.seq);
    if checkpoint {
        Ok(())
    } else {
        Err("no checkpoint stands right before the entry it commits to")
    }
}
