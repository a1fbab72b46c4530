//! How services and sites stood over a period (DE7): which services there are (`inventory.rs`), what the journal says of
//! them (`ask.rs`), and the figures made of it (`report.rs`). The calculus itself is [`alarm_core::timeline`].
//! docs/availability.md says what the figures mean.
//!
//! Security matters are left out of all of it (AL17): the inventory does not have them.
mod ask;
mod inventory;
mod report;

#[cfg(test)]
mod tests;

pub use ask::{Background, Knowing, Period, Strip, strips};
pub use inventory::{Inventory, Service};
pub use report::{Counted, Figures, SiteReport, counted, daily, site_report};

use crate::view::View;
use std::sync::{Arc, Mutex, PoisonError};

/// What is kept from one question to the next.
#[derive(Default)]
pub struct Kept {
    inventory: Mutex<Option<Arc<Inventory>>>,
    background: Mutex<Option<Arc<Background>>>,
}

impl Kept {
    /// The services, by the documents in force.
    pub fn inventory(&self, view: &View) -> Arc<Inventory> {
        let mut kept = self.inventory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inventory) = kept.as_ref().filter(|i| i.is_of(view)) {
            return Arc::clone(inventory);
        }
        let new = Arc::new(Inventory::of(view));
        *kept = Some(Arc::clone(&new));
        new
    }

    /// What holds for all objects of a period: taken up where the last question left it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn background(
        &self,
        history: &dyn crate::store::History,
        period: Period,
    ) -> Result<Arc<Background>, crate::store::StoreError> {
        let before = self.background.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let new = Arc::new(Background::read(history, period, before.as_deref())?);
        *self.background.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&new));
        Ok(new)
    }
}
