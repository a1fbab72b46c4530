//! What can be done to alarms from the board, and which of the chosen ones it can be done to.

use super::flash::Line;
use super::words::name;
use crate::view::View;
use alarm_core::alarm::Alarm;
use alarm_core::command::Target;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A deed that has a preview.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Doing {
    /// Switch off (AL5, DC2).
    SwitchOff,
    /// Mask (AL6).
    Mask,
    /// Take out from under the leader.
    Unmask,
    /// Put under a common cause (AL18), a new one or one that is open.
    Cause,
    /// Take out from under the common cause.
    LeaveCause,
    /// End a common cause.
    EndCause,
    /// Write a note (DE1).
    Note,
}

impl Doing {
    /// All of them, by the word that forms and addresses have for them.
    const ALL: [(&'static str, Doing); 7] = [
        ("switch-off", Doing::SwitchOff),
        ("mask", Doing::Mask),
        ("unmask", Doing::Unmask),
        ("cause", Doing::Cause),
        ("leave-cause", Doing::LeaveCause),
        ("end-cause", Doing::EndCause),
        ("note", Doing::Note),
    ];

    /// By its word.
    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(w, _)| *w == word).map(|(_, doing)| *doing)
    }

    /// Its word.
    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, doing)| *doing == self).map_or("", |(word, _)| word)
    }

    /// Its name on a button.
    pub(super) fn title(self) -> &'static str {
        match self {
            Doing::SwitchOff => "Switch off",
            Doing::Mask => "Mask",
            Doing::Unmask => "Unmask",
            Doing::Cause => "Put under a common cause",
            Doing::LeaveCause => "Take out of the common cause",
            Doing::EndCause => "End the common cause",
            Doing::Note => "Write a note",
        }
    }
}

/// The chosen alarms, told apart.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// Those that it can be done to.
    pub(super) can: Vec<Chosen>,
    /// The others, and why not.
    pub(super) cannot: Vec<Line>,
}

/// A chosen alarm as it stands now.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    /// It.
    pub(super) alarm: Arc<Alarm>,
    /// It is no longer as it was when the page was loaded.
    pub(super) changed: bool,
}

/// Tells apart what can be done to which alarm.
pub(super) fn split(view: &View, doing: Doing, targets: &[Target]) -> Split {
    let mut split = Split::default();
    let mut seen = std::collections::BTreeSet::new();
    for target in targets.iter().filter(|t| seen.insert(&t.alarm)) {
        let cannot =
            |text: &str| Line { id: target.alarm.to_string(), what: name(view, &target.alarm), text: text.to_owned() };
        let Some(alarm) = view.alarm(&target.alarm) else {
            split.cannot.push(cannot("it is no longer on the board"));
            continue;
        };
        let why = match (doing, &alarm.masked_by) {
            (Doing::Unmask, None) => "it is not masked",
            (Doing::Unmask, Some(mask)) if mask.family => {
                "the program masks it as one of its family; it comes back when its leader goes"
            }
            (Doing::LeaveCause, _) if alarm.cause.is_none() => "it is under no common cause",
            _ => {
                let same = target.version == 0 || (alarm.changed..=alarm.version).contains(&target.version);
                split.can.push(Chosen { alarm: alarm.clone(), changed: !same });
                continue;
            }
        };
        split.cannot.push(cannot(why));
    }
    if doing == Doing::Mask {
        of_one_site(view, &mut split);
    }
    split
}

/// Masks hold within one site: that of which the most were chosen.
fn of_one_site(view: &View, split: &mut Split) {
    let mut sites: BTreeMap<&str, usize> = BTreeMap::new();
    for c in split.can.iter().filter(|c| !c.alarm.about.site.is_empty()) {
        *sites.entry(&c.alarm.about.site).or_default() += 1;
    }
    let most = sites.iter().min_by_key(|(site, n)| (Reverse(**n), **site)).map(|(site, _)| (*site).to_owned());
    let (can, others) =
        std::mem::take(&mut split.can).into_iter().partition(|c| most.as_deref() == Some(&*c.alarm.about.site));
    split.can = can;
    for Chosen { alarm, .. } in others {
        let text = match &most {
            Some(site) if !alarm.about.site.is_empty() => {
                format!("it is of another site than {site}: masks hold within one site")
            }
            _ => "nothing says of which site it is: masks hold within one site".to_owned(),
        };
        let text = super::super::visible::visible(&text).into_owned();
        split.cannot.push(Line { id: alarm.id.to_string(), what: name(view, &alarm.id), text });
    }
}

/// Whether others can be masked by an alarm (AL6, AL8 to AL10).
pub(super) fn can_lead(alarm: &Alarm) -> bool {
    alarm.masked_by.is_none() && !alarm.barred_from_leading() && !alarm.stable
}

/// The alarms that may lead, the oldest first: of the chosen ones, or, when one alone was chosen, of its site.
pub(super) fn leaders(view: &View, chosen: &[Chosen]) -> Vec<Arc<Alarm>> {
    let mut all: Vec<Arc<Alarm>> = match chosen {
        [one] => {
            let others = view.alarms().filter(|a| a.id != one.alarm.id && a.about.site == one.alarm.about.site);
            others.filter(|a| can_lead(a)).cloned().collect()
        }
        many => many.iter().map(|c| &c.alarm).filter(|a| can_lead(a)).cloned().collect(),
    };
    all.sort_by(|a, b| a.raised.cmp(&b.raised).then_with(|| a.id.cmp(&b.id)));
    all
}
