//! Each text once: in what is read from rows every name and output stands anew, three or four times an alarm. Those who
//! decide share them as they go; after a start nobody would.

use crate::alarm::{About, Alarm};
use crate::input::{StandsFor, Text};
use crate::watch::{Key, Watch};
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use std::sync::Arc;

/// The texts that were met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts(IndexSet<Text, FxBuildHasher>);

impl Texts {
    /// Puts the one that was met in the place of this one.
    fn text(&mut self, text: &mut Text) {
        match self.0.get(text) {
            Some(known) => *text = known.clone(),
            None => _ = self.0.insert(text.clone()),
        }
    }

    /// The texts of a key.
    pub(crate) fn key(&mut self, key: &mut Key) {
        self.text(&mut key.group);
        self.text(&mut key.host);
        key.service.iter_mut().for_each(|s| self.text(s));
    }

    /// The texts of what is known of an object, which takes no more room than it needs.
    pub(crate) fn watch(&mut self, watch: &mut Watch) {
        watch.views.shrink_to_fit();
        for view in &mut watch.views {
            for text in [&mut view.monitor, &mut view.output, &mut view.long_output, &mut view.perf_data] {
                self.text(text);
            }
        }
        watch.alarm.iter_mut().for_each(|id| self.text(id));
        if let Some(stands_for) = watch.stands_for.as_mut().and_then(Arc::get_mut) {
            let StandsFor { site, ngi, service_type, metric, vo } = stands_for;
            [site, ngi, service_type, metric, vo].into_iter().for_each(|text| self.text(text));
        }
    }

    /// The texts of an alarm, which takes no more room than it needs.
    pub(crate) fn alarm(&mut self, alarm: &mut Alarm) {
        self.text(&mut alarm.id);
        self.key(&mut alarm.key);
        let About { site, ngi, service_type, metric, vo, profiles, family, category, documentation, .. } =
            &mut alarm.about;
        for text in [site, ngi, service_type, metric, vo, family, category, documentation] {
            self.text(text);
        }
        profiles.iter_mut().chain(&mut alarm.monitors).for_each(|text| self.text(text));
        for text in [&mut alarm.output, &mut alarm.long_output, &mut alarm.perf_data] {
            self.text(text);
        }
        alarm.history.iter_mut().for_each(|change| self.text(&mut change.output));
        alarm.about.profiles.shrink_to_fit();
        alarm.about.ticket_states.shrink_to_fit();
        alarm.monitors.shrink_to_fit();
        alarm.failing.shrink_to_fit();
        alarm.episode_states.shrink_to_fit();
        alarm.history.shrink_to_fit();
        alarm.turns.shrink_to_fit();
        alarm.stood.shrink_to_fit();
    }
}
