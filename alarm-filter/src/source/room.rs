//! How far a source may read ahead: each piece that it hands over takes a place until it was dealt with.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How often somebody who waits looks whether to stop.
const LOOK: Duration = Duration::from_millis(200);

/// See the module.
#[derive(Clone, Debug)]
pub struct Room(Arc<(Mutex<usize>, Condvar)>);

/// A place that was taken; dropping it frees it.
#[derive(Debug)]
pub struct Place(Room);

impl Room {
    /// With so many places.
    pub fn new(places: usize) -> Self {
        Room(Arc::new((Mutex::new(places), Condvar::new())))
    }

    /// Waits for a place; `None`: none was free, and `stop` said so.
    pub fn take(&self, stop: &dyn Fn() -> bool) -> Option<Place> {
        let (free, freed) = &*self.0;
        let mut left = free.lock().unwrap_or_else(PoisonError::into_inner);
        while *left == 0 {
            if stop() {
                return None;
            }
            left = freed.wait_timeout(left, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        *left -= 1;
        Some(Place(self.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (free, freed) = &*self.0.0;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        freed.notify_one();
    }
}
