//! A few reading connections to the journal, opened when needed and used off the threads that serve.

use crate::store::{History, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Opens one more reading connection.
pub type OpenHistory = Arc<dyn Fn() -> Result<Box<dyn History>, StoreError> + Send + Sync>;

/// How many questions may be asked at the same time.
const AT_ONCE: usize = 4;

/// The pool.
pub struct Readers {
    open: OpenHistory,
    idle: Mutex<Vec<Box<dyn History>>>,
    free: Arc<Semaphore>,
}

/// A question to the journal that got no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// The store says why.
    #[error("the journal cannot be read: {0}")]
    Store(#[from] StoreError),
    /// The thread that asked ended.
    #[error("the journal cannot be read: the reader ended early; try again, and report it if it stays")]
    Ended,
}

impl Readers {
    /// A pool that opens its connections in this way.
    pub fn new(open: OpenHistory) -> Self {
        Readers { open, idle: Mutex::default(), free: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Asks the journal, on a thread that may block.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&dyn History) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Unanswered> {
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(|_| Unanswered::Ended)?;
        let pool = Arc::clone(self);
        let asked = tokio::task::spawn_blocking(move || {
            let _held = permit;
            let idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let history = idle.map_or_else(|| (pool.open)(), Ok)?;
            // After an error the connection is not used again.
            let answer = question(&*history)?;
            pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(history);
            Ok(answer)
        });
        asked.await.map_err(|_| Unanswered::Ended)?
    }
}
