//! What stands around every page: title, ways to go, freshness, banners.

use super::super::visible::visible;
use super::super::words::{ago, health, health_meaning, moment};
use super::super::{WebState, assets};
use crate::view::View;
use alarm_core::input::{SourceHealth, Text};
use alarm_core::time::{MINUTE, Timestamp};

/// The frame of a page.
pub(super) struct Frame {
    /// The page's own title.
    pub(super) title: String,
    /// The region's name.
    pub(super) region: String,
    /// Which way to go is this one.
    pub(super) here: &'static str,
    /// Address of the style sheet.
    pub(super) style: &'static str,
    /// Address of the script.
    pub(super) script: &'static str,
    /// Address of the icon.
    pub(super) icon: &'static str,
    /// The moment of the page.
    pub(super) now: String,
    /// The same for machines.
    pub(super) now_iso: String,
    /// What the page shows.
    pub(super) seq: u64,
    /// It loads itself anew after so many seconds; 0: it does not.
    pub(super) refresh: u32,
    /// Every source.
    pub(super) sources: Vec<Source>,
    /// What is damaged in the store, and when that was seen.
    pub(super) damage: Option<(String, Vec<String>)>,
    /// Since when nothing is stored, and why.
    pub(super) not_stored: Option<(String, String)>,
    /// Since when the configuration in the files is wrong, and what is wrong with it, a line each.
    pub(super) wrong: Option<(String, Vec<String>)>,
}

/// How a source does.
pub(super) struct Source {
    /// Its name.
    pub(super) name: String,
    /// Its group; empty for a topology.
    pub(super) group: String,
    /// It can be believed.
    pub(super) fresh: bool,
    /// In a word.
    pub(super) word: &'static str,
    /// How long ago it was heard; empty: not in this run.
    pub(super) ago: String,
    /// When it was heard.
    pub(super) heard: String,
    /// Since when it is as it is; empty: since the start.
    pub(super) since: String,
    /// What that means.
    pub(super) meaning: &'static str,
    /// What is lacking, and what to do.
    pub(super) detail: String,
    /// Its notifications are switched off.
    pub(super) notifications_off: bool,
}

impl Frame {
    /// The frame of a page over this view.
    pub(super) fn new(state: &WebState, view: &View, now: Timestamp, here: &'static str, title: String) -> Self {
        let config = state.config();
        let region = config.title.clone();
        let lines = |text: &str| text.lines().take(10).map(|l| visible(l).into_owned()).collect();
        Frame {
            title,
            region: if region.is_empty() { "Gridward".to_owned() } else { visible(&region).into_owned() },
            here,
            style: &assets::STYLE_URL,
            script: &assets::SCRIPT_URL,
            icon: &assets::ICON_URL,
            now: moment(now),
            now_iso: now.to_string(),
            seq: view.seq,
            refresh: 0,
            sources: sources(state, view, now),
            damage: state
                .soundness()
                .filter(|s| !s.damage.is_empty())
                .map(|s| (moment(s.at), s.damage.iter().map(|d| visible(d).into_owned()).collect())),
            not_stored: view.not_stored.as_ref().map(|n| (moment(n.since), visible(&n.reason).into_owned())),
            wrong: config.wrong.as_ref().map(|(since, what)| (moment(*since), lines(what))),
        }
    }

    /// Those that cannot be believed.
    pub(super) fn stale(&self) -> Vec<&Source> {
        self.sources.iter().filter(|s| !s.fresh).collect()
    }
}

fn sources(state: &WebState, view: &View, now: Timestamp) -> Vec<Source> {
    let source = |name: &Text, group: &str, h: SourceHealth, since: Timestamp, detail: &str, off: bool| {
        let heard = state.metrics.last_heard(name);
        Source {
            name: visible(name).into_owned(),
            group: visible(group).into_owned(),
            fresh: h == SourceHealth::Fresh,
            word: health(h),
            ago: heard.map(|t| ago(now.since(t))).unwrap_or_default(),
            heard: heard.map(moment).unwrap_or_default(),
            // Zero: nothing was ever said of it.
            since: if since.0 > MINUTE { moment(since) } else { String::new() },
            meaning: health_meaning(h, group.is_empty()),
            detail: visible(detail).into_owned(),
            notifications_off: off,
        }
    };
    let monitors = view
        .monitors
        .iter()
        .map(|(n, m)| source(n, &m.group, m.health, m.health_since, &m.detail, m.notifications_off));
    let others = view.sources.iter().map(|(n, s)| source(n, "", s.health, s.since, &s.detail, false));
    monitors.chain(others).collect()
}
