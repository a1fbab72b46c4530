//! The question for closed alarms.

use super::record::Episode;
use alarm_core::time::Timestamp;

/// Which closed alarms are asked for; what is `None` does not restrict.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EpisodeQuery {
    /// This one.
    pub id: Option<String>,
    /// Of this site.
    pub site: Option<String>,
    /// Of this host.
    pub host: Option<String>,
    /// Of this service.
    pub service: Option<String>,
    /// Of this object.
    pub object: Option<i64>,
    /// Closed at or after.
    pub from: Option<Timestamp>,
    /// Opened before.
    pub to: Option<Timestamp>,
    /// Closed by inputs up to this seq: that of the asker's view.
    pub upto: u64,
    /// How many at most.
    pub limit: usize,
    /// For the next page: `closed` and `id` of the last one seen.
    pub after: Option<(Timestamp, String)>,
}

impl Default for EpisodeQuery {
    fn default() -> Self {
        EpisodeQuery {
            id: None,
            site: None,
            host: None,
            service: None,
            object: None,
            from: None,
            to: None,
            upto: u64::MAX,
            limit: 100,
            after: None,
        }
    }
}

impl EpisodeQuery {
    /// Whether an episode answers the question, the limit aside.
    pub fn matches(&self, e: &Episode) -> bool {
        fn same<T: PartialEq + ?Sized>(asked: Option<&T>, is: &T) -> bool {
            asked.is_none_or(|a| a == is)
        }
        same(self.id.as_deref(), e.id.as_str())
            && same(self.site.as_deref(), e.site.as_str())
            && same(self.host.as_deref(), e.host.as_str())
            && self.service.as_deref().is_none_or(|s| e.service.as_deref() == Some(s))
            && same(self.object.as_ref(), &e.object)
            && self.from.is_none_or(|t| e.closed >= t)
            && self.to.is_none_or(|t| e.opened < t)
            && e.seq <= self.upto
            && self.after.as_ref().is_none_or(|(t, id)| (e.closed, &e.id) < (*t, id))
    }
}
