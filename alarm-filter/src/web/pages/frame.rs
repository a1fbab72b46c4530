//! What stands around every page: title, ways to go, freshness, banners.

use super::super::act::{Line, Visitor};
use super::super::visible::visible;
use super::super::words::{ago, health, health_meaning, moment};
use super::super::{WebState, assets};
use crate::view::View;
use alarm_core::input::{SourceHealth, Text};
use alarm_core::time::{MINUTE, Timestamp};
use askama::Template;

/// The frame of a page.
pub(in crate::web) struct Frame {
    /// The page's own title.
    pub(in crate::web) title: String,
    /// The region's name.
    pub(in crate::web) region: String,
    /// Which way to go is this one.
    pub(in crate::web) here: &'static str,
    /// Address of the style sheet.
    pub(in crate::web) style: &'static str,
    /// Address of the script.
    pub(in crate::web) script: &'static str,
    /// Address of the icon.
    pub(in crate::web) icon: &'static str,
    /// The moment of the page.
    pub(in crate::web) now: String,
    /// The same for machines.
    pub(in crate::web) now_iso: String,
    /// What the page shows.
    pub(in crate::web) seq: u64,
    /// It loads itself anew after so many seconds; 0: it does not.
    pub(in crate::web) refresh: u32,
    /// Every source.
    pub(in crate::web) sources: Vec<Source>,
    /// What is damaged in the store, and when that was seen.
    pub(in crate::web) damage: Option<(String, Vec<String>)>,
    /// Since when nothing is stored, and why.
    pub(in crate::web) not_stored: Option<(String, String)>,
    /// Since when the configuration in the files is wrong, and what is wrong with it, a line each.
    pub(in crate::web) wrong: Option<(String, Vec<String>)>,
    /// What became of what was done last; see [`Frame::told`].
    pub(in crate::web) flash: Option<ShownFlash>,
}

/// What became of an action.
pub(in crate::web) struct ShownFlash {
    /// `done` or `partly`.
    pub(in crate::web) class: &'static str,
    /// In a sentence.
    pub(in crate::web) heading: String,
    /// What was refused, and why.
    pub(in crate::web) lines: Vec<Line>,
    /// How many more of them there are.
    pub(in crate::web) more: usize,
    /// The form that takes it back, while that is offered here.
    pub(in crate::web) undo: Option<UndoForm>,
}

/// A form that takes a record back.
pub(in crate::web) struct UndoForm {
    /// The record.
    pub(in crate::web) seq: u64,
    /// See [`Visitor`].
    pub(in crate::web) token: String,
    /// Against a second click.
    pub(in crate::web) form: String,
    /// Where it was done.
    pub(in crate::web) back: String,
}

/// What of the frame says how fresh everything is, alone: for pages that stay open.
#[derive(Template)]
#[template(path = "beat.html")]
pub(in crate::web) struct Fresh<'f> {
    /// Of the page.
    pub(in crate::web) frame: &'f Frame,
}

/// How a source does.
pub(in crate::web) struct Source {
    /// Its name.
    pub(in crate::web) name: String,
    /// Its group; empty for a topology.
    pub(in crate::web) group: String,
    /// It can be believed.
    pub(in crate::web) fresh: bool,
    /// In a word.
    pub(in crate::web) word: &'static str,
    /// How long ago it was heard; empty: not in this run.
    pub(in crate::web) ago: String,
    /// When it was heard.
    pub(in crate::web) heard: String,
    /// Since when it is as it is; empty: since the start.
    pub(in crate::web) since: String,
    /// What that means.
    pub(in crate::web) meaning: &'static str,
    /// What is lacking, and what to do.
    pub(in crate::web) detail: String,
    /// Its notifications are switched off.
    pub(in crate::web) notifications_off: bool,
}

impl Frame {
    /// The frame of a page over this view.
    pub(in crate::web) fn new(
        state: &WebState,
        view: &View,
        now: Timestamp,
        here: &'static str,
        title: String,
    ) -> Self {
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
            flash: None,
        }
    }

    /// The same, with what became of what this visitor did before, and a form to take it back.
    #[must_use]
    pub(in crate::web) fn told(mut self, visitor: &Visitor, now: Timestamp) -> Self {
        self.flash = visitor.flash.as_ref().map(|flash| ShownFlash {
            class: flash.outcome.word(),
            heading: flash.heading.clone(),
            lines: flash.lines.clone(),
            more: flash.more,
            undo: flash.undo.filter(|_| flash.offers_undo(now)).map(|seq| UndoForm {
                seq,
                token: visitor.token.clone(),
                form: Visitor::form_key(),
                back: visitor.here.clone(),
            }),
        });
        self
    }

    /// The same text as long as what is said of the sources, the store and the configuration stays, times aside.
    pub(in crate::web) fn health(state: &WebState, view: &View) -> String {
        let monitors = view.monitors.iter().map(|(n, m)| (n, m.health, &m.detail));
        let others = view.sources.iter().map(|(n, s)| (n, s.health, &s.detail));
        let sources: Vec<_> = monitors.chain(others).collect();
        let damage = state.soundness().map(|s| s.damage.len());
        format!("{sources:?}{:?}{damage:?}{:?}", view.not_stored, state.config().wrong)
    }

    /// Those that cannot be believed.
    pub(in crate::web) fn stale(&self) -> Vec<&Source> {
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
