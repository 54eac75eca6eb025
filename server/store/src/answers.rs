//! Answers by idempotency key: who sends a key again gets the first answer again, for as long as it is kept.

use crate::error::StoreError;
use crate::statement::statements;
use crate::store::Store;

statements! {
    FORGET_ANSWERS = "DELETE FROM answers WHERE begun_at < $1";
    TAKE_KEY = "INSERT INTO answers (scope, idempotency_key, request, begun_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (scope, idempotency_key) DO NOTHING";
    ANSWER_OF_KEY = "SELECT request, begun_at, status, headers, body FROM answers WHERE scope = $1 AND idempotency_key = $2";
    KEEP_ANSWER = "UPDATE answers SET status = $1, headers = $2, body = $3
        WHERE scope = $4 AND idempotency_key = $5 AND begun_at = $6 AND status IS NULL";
    LET_GO_OF_KEY = "DELETE FROM answers WHERE scope = $1 AND idempotency_key = $2 AND begun_at = $3 AND status IS NULL";
}

/// Whose key it is, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerKey {
    /// Keys of different callers are different keys.
    pub scope: String,
    pub key: String,
}

/// An answer as it is given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    pub status: u16,
    /// JSON: name to value.
    pub headers: String,
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing, until now: whoever asked does the work, and says what came of it.
    Fresh,
    /// It served this very request.
    Answered(KeptAnswer),
    /// This very request began at that time, UTC µs, and has not ended.
    Begun { at: i64 },
    /// It served another request.
    Other,
}

type Row = (Vec<u8>, i64, Option<i64>, Option<String>, Option<Vec<u8>>);

impl Store {
    /// Takes a key for a request, unless it was taken since `oldest`; of older ones nothing is known any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_key(
        &self,
        key: &AnswerKey,
        request: &[u8; 32],
        now: i64,
        oldest: i64,
    ) -> Result<Taken, StoreError> {
        let mut tx = self.write().await?;
        FORGET_ANSWERS.bind(oldest).execute(&mut tx).await?;
        let fresh = TAKE_KEY
            .bind(&key.scope)
            .bind(&key.key)
            .bind(request)
            .bind(now)
            .execute(&mut tx)
            .await?;
        if fresh == 1 {
            tx.commit().await?;
            return Ok(Taken::Fresh);
        }
        let row: Option<Row> = ANSWER_OF_KEY
            .bind(&key.scope)
            .bind(&key.key)
            .optional(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(match row {
            Some((known, ..)) if known != request => Taken::Other,
            Some((_, _, Some(status), Some(headers), Some(body))) => Taken::Answered(KeptAnswer {
                status: u16::try_from(status).unwrap_or(500),
                headers,
                body,
            }),
            Some((_, at, ..)) => Taken::Begun { at },
            // Let go of between the two statements: still a moment ago somebody worked on it.
            None => Taken::Begun { at: now },
        })
    }

    /// Keeps the answer to the request that took the key at `begun_at`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_answer(
        &self,
        key: &AnswerKey,
        begun_at: i64,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        KEEP_ANSWER
            .bind(i64::from(answer.status))
            .bind(&answer.headers)
            .bind(&answer.body)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(begun_at)
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Lets go of a key whose request made nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn let_go_of_key(&self, key: &AnswerKey, begun_at: i64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        LET_GO_OF_KEY
            .bind(&key.scope)
            .bind(&key.key)
            .bind(begun_at)
            .execute(&mut tx)
            .await?;
        Ok(tx.commit().await?)
    }
}
