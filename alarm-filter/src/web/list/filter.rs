//! Which alarms are asked for, and in which order: the same words in the address of the page and of the interface.

use super::columns::Columns;
use super::select::Aged;
use crate::web::problem::Fault;
use crate::web::visit::Visit;
use crate::web::words::band_name;
use alarm_core::alarm::Band;
use alarm_core::flag::Flag;
use alarm_core::queue::Queue;
use alarm_core::state::State;

/// A parsed question. What is empty does not restrict; several values of one name: any of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::web) struct Filter {
    site: Vec<Pattern>,
    ngi: Vec<Pattern>,
    service_type: Vec<Pattern>,
    metric: Vec<Pattern>,
    host: Vec<Pattern>,
    state: Vec<StateWord>,
    band: Vec<Band>,
    flag: Vec<Flag>,
    cause: Vec<Pattern>,
    queue: Vec<Queue>,
    /// Metrics: the alarms that are proposed as one cause under them (AL18).
    pub proposal: Vec<String>,
    /// The reader's last visit.
    pub visit: Option<Visit>,
    /// Words that all occur somewhere in the alarm, in lower case.
    words: Vec<String>,
    /// What becomes of masked alarms.
    pub masked: Masked,
    /// The order.
    pub sort: Sort,
    /// The other way round.
    pub reversed: bool,
    /// Counts from 1.
    pub page: usize,
    /// Alarms on a page.
    pub limit: Option<usize>,
    /// Under which headings they stand; none: as the order asks for.
    pub group: Option<Grouping>,
    /// What stands in a line.
    pub columns: Columns,
    /// What happened to them since the reader's last visit.
    pub news: Vec<News>,
    /// Characters in a line, for a terminal.
    pub width: Option<usize>,
    /// Colours, for a terminal.
    pub colour: bool,
    /// The page loads itself anew after so many seconds; 0: it does not.
    pub refresh: u32,
}

/// Under which headings alarms stand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::web) enum Grouping {
    /// Their queue (DE3).
    Queue,
    /// Their site.
    Site,
    /// Their metric.
    Metric,
    /// One list.
    None,
}

/// What happened to an alarm since a moment.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::web) enum News {
    /// It was not there.
    New,
    /// It was OK, and fails again.
    Back,
    /// Its state is another one.
    Changed,
}

/// News by name.
pub(in crate::web) const NEWS: [(&str, News); 3] =
    [("new", News::New), ("back", News::Back), ("changed", News::Changed)];

/// What becomes of alarms that another one masks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::web) enum Masked {
    /// They fold under their leader when it is listed too.
    #[default]
    Fold,
    /// They are listed like any other.
    Show,
    /// Only they are listed.
    Only,
    /// They are left out.
    Hide,
}

/// By what the list is sorted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::web) enum Sort {
    /// What needs work first: failing, then set apart or in a downtime, then OK; the oldest first in each.
    #[default]
    Work,
    /// By age, the oldest first.
    Age,
    /// By the time of the present state, the latest first.
    Since,
    /// By state, the worst first.
    State,
    /// By site.
    Site,
    /// By NGI.
    Ngi,
    /// By service type.
    ServiceType,
    /// By metric.
    Metric,
    /// By host.
    Host,
    /// By how often it failed, the most first.
    Episodes,
}

/// The headings by name.
const GROUPINGS: [(&str, Grouping); 4] =
    [("queue", Grouping::Queue), ("site", Grouping::Site), ("metric", Grouping::Metric), ("none", Grouping::None)];

/// The orders by name.
const SORTS: [(&str, Sort); 10] = [
    ("work", Sort::Work),
    ("age", Sort::Age),
    ("since", Sort::Since),
    ("state", Sort::State),
    ("site", Sort::Site),
    ("ngi", Sort::Ngi),
    ("service_type", Sort::ServiceType),
    ("metric", Sort::Metric),
    ("host", Sort::Host),
    ("episodes", Sort::Episodes),
];

/// Every name that a filter knows.
pub(in crate::web) const NAMES: [&str; 24] = [
    "queue",
    "site",
    "state",
    "band",
    "ngi",
    "service_type",
    "metric",
    "host",
    "flag",
    "cause",
    "proposal",
    "news",
    "q",
    "masked",
    "sort",
    "group",
    "columns",
    "page",
    "limit",
    "refresh",
    "width",
    "colour",
    "seq",
    "live",
];

/// Names that say how alarms are shown, not which.
pub(in crate::web) const SHOWN: [&str; 10] =
    ["sort", "group", "columns", "page", "limit", "refresh", "width", "colour", "seq", "live"];

/// How many alarms one page may hold at most.
pub(in crate::web) const MOST: usize = 100_000;

#[derive(Clone, Debug, Eq, PartialEq)]
enum StateWord {
    Is(State),
    Problem,
    Good,
}

/// A name, compared without regard to case; `*` stands for anything.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Pattern(String);

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        if !self.0.contains('*') {
            return self.0.eq_ignore_ascii_case(text);
        }
        let (mut p, mut t) = (self.0.as_bytes(), text.as_bytes());
        let mut back: Option<(&[u8], &[u8])> = None;
        while let Some((&c, rest)) = t.split_first() {
            match p.split_first() {
                Some((b'*', after)) => {
                    back = Some((after, t));
                    p = after;
                    continue;
                }
                Some((x, after)) if x.eq_ignore_ascii_case(&c) => {
                    (p, t) = (after, rest);
                    continue;
                }
                _ => {}
            }
            let Some((after, from)) = back else { return false };
            let from = &from[1..];
            back = Some((after, from));
            (p, t) = (after, from);
        }
        p.iter().all(|c| *c == b'*')
    }
}

impl Filter {
    /// Reads the pairs of an address. What cannot be understood is left out and named in the second part.
    pub(in crate::web) fn parse(pairs: &[(String, String)]) -> (Filter, Vec<Fault>) {
        let mut f = Filter { page: 1, ..Filter::default() };
        let mut faults = Vec::new();
        for (name, value) in pairs.iter().map(|(n, v)| (n.as_str(), v.trim())).filter(|(_, v)| !v.is_empty()) {
            if let Err(detail) = f.take(name, value) {
                faults.push(Fault { index: None, field: name.to_owned(), detail });
            }
        }
        (f, faults)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        if value.chars().count() > 256 {
            return Err("longer than 256 characters; shorten it".to_owned());
        }
        let pattern = || Pattern(value.to_owned());
        match name {
            "site" => self.site.push(pattern()),
            "ngi" => self.ngi.push(pattern()),
            "service_type" => self.service_type.push(pattern()),
            "metric" => self.metric.push(pattern()),
            "host" => self.host.push(pattern()),
            "cause" => self.cause.push(pattern()),
            "q" => self.words.extend(value.split_whitespace().map(str::to_ascii_lowercase)),
            "state" => self.state.push(state(value)?),
            "band" => self.band.push(
                [Band::FirstLine, Band::Rod, Band::Overdue]
                    .into_iter()
                    .find(|b| band_name(*b) == value)
                    .ok_or_else(|| not_among(value, "first-line, rod, overdue"))?,
            ),
            "flag" => self.flag.push(
                Flag::ALL
                    .into_iter()
                    .find(|f| f.word() == value)
                    .ok_or_else(|| not_among(value, &Flag::ALL.map(Flag::word).join(", ")))?,
            ),
            "proposal" => self.proposal.push(value.to_owned()),
            "queue" => self.queue.push(
                Queue::ON_BOARD
                    .into_iter()
                    .find(|q| q.word() == value)
                    .ok_or_else(|| not_among(value, &Queue::ON_BOARD.map(Queue::word).join(", ")))?,
            ),
            "news" => match NEWS.iter().find(|(n, _)| *n == value) {
                Some((_, news)) => self.news.push(*news),
                None if value == "all" => self.news.extend(NEWS.map(|(_, n)| n)),
                None => return Err(not_among(value, "all, new, back, changed")),
            },
            "group" => {
                let known = GROUPINGS.iter().find(|(n, _)| *n == value);
                let names = || GROUPINGS.map(|(n, _)| n).join(", ");
                self.group = Some(known.ok_or_else(|| not_among(value, &names()))?.1);
            }
            "columns" => self.columns.take(value)?,
            "width" => self.width = Some(number(value, 40, 1000)?),
            "colour" => self.colour = number(value, 0, 1)? == 1,
            "masked" => {
                self.masked = match value {
                    "fold" => Masked::Fold,
                    "show" => Masked::Show,
                    "only" => Masked::Only,
                    "hide" => Masked::Hide,
                    _ => return Err(not_among(value, "fold, show, only, hide")),
                }
            }
            "sort" => {
                let (reversed, word) = value.strip_prefix('-').map_or((false, value), |w| (true, w));
                let known = SORTS.iter().find(|(n, _)| *n == word);
                let names = || SORTS.map(|(n, _)| n).join(", ");
                (self.sort, self.reversed) = (known.ok_or_else(|| not_among(word, &names()))?.1, reversed);
            }
            "page" => self.page = number(value, 1, MOST)?,
            "limit" => self.limit = Some(number(value, 1, MOST)?),
            "refresh" => self.refresh = u32::try_from(number(value, 0, 3600)?).unwrap_or(0),
            // It was waited for already: see `front.rs`.
            "seq" => drop(value.parse::<u64>().map_err(|_| "not a number; give the seq of an answer".to_owned())?),
            // The page that the stream is for: see `live/`.
            "live" => {}
            _ => return Err(format!("there is no filter of that name; known are {}", NAMES.join(", "))),
        }
        Ok(())
    }

    /// Whether an alarm's queue is asked for.
    pub(in crate::web) fn takes(&self, queue: Queue) -> bool {
        self.queue.is_empty() || self.queue.contains(&queue)
    }

    /// Every queue is asked for.
    pub(in crate::web) fn any_queue(&self) -> bool {
        self.queue.is_empty()
    }

    /// Under which headings the alarms stand.
    pub(in crate::web) fn grouping(&self) -> Grouping {
        self.group.unwrap_or(if self.sort == Sort::Work { Grouping::Queue } else { Grouping::None })
    }

    /// Whether an alarm is asked for, masks and queues aside.
    pub(in crate::web) fn matches(&self, a: &Aged<'_>) -> bool {
        let (alarm, about) = (a.alarm, &a.alarm.about);
        let one = |patterns: &[Pattern], text: &str| patterns.is_empty() || patterns.iter().any(|p| p.matches(text));
        one(&self.site, &about.site)
            && one(&self.ngi, &about.ngi)
            && one(&self.service_type, &about.service_type)
            && one(&self.metric, &about.metric)
            && one(&self.host, &alarm.key.host)
            && (self.cause.is_empty() || alarm.cause.as_deref().is_some_and(|c| one(&self.cause, c)))
            && (self.state.is_empty() || self.state.iter().any(|s| s.is(a.state)))
            && (self.band.is_empty() || self.band.contains(&a.band))
            && (self.news.is_empty() || a.news.is_some_and(|n| self.news.contains(&n)))
            && (self.flag.is_empty() || self.flag.iter().any(|f| alarm.flags.contains_key(f)))
            && self.words.iter().all(|w| {
                [&alarm.key.host, &about.metric, &about.site, &alarm.output, &about.service_type, &about.ngi]
                    .iter()
                    .any(|t| contains(t, w))
                    || alarm.key.service.as_ref().is_some_and(|s| contains(s, w))
            })
    }
}

impl StateWord {
    fn is(&self, state: State) -> bool {
        match self {
            StateWord::Is(s) => *s == state,
            StateWord::Problem => state.is_problem(),
            StateWord::Good => !state.is_problem(),
        }
    }
}

fn state(value: &str) -> Result<StateWord, String> {
    let upper = value.to_ascii_uppercase();
    match upper.as_str() {
        "PROBLEM" => Ok(StateWord::Problem),
        "GOOD" => Ok(StateWord::Good),
        word => State::from_word(word.as_bytes())
            .map(StateWord::Is)
            .ok_or_else(|| not_among(value, "problem, good, OK, WARNING, CRITICAL, UNKNOWN, UP, DOWN, UNREACHABLE")),
    }
}

fn number(value: &str, least: usize, most: usize) -> Result<usize, String> {
    let n = value.parse().ok().filter(|n| (least..=most).contains(n));
    n.ok_or_else(|| format!("'{value}' is not a number from {least} to {most}"))
}

fn not_among(value: &str, known: &str) -> String {
    format!("'{value}' is not one of {known}")
}

/// Whether `word`, in lower case, occurs in `text`, ASCII letters compared without regard to case.
fn contains(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let Some((first, rest)) = word.split_first() else { return true };
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text)
        .any(|i| text.get(i + 1..i + 1 + rest.len()).is_some_and(|t| t.eq_ignore_ascii_case(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &[(&str, &str)]) -> Vec<(String, String)> {
        text.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn patterns() {
        let p = |s: &str| Pattern(s.to_owned());
        assert!(p("site-01").matches("SITE-01") && !p("site").matches("SITE-01"));
        assert!(p("*").matches("") && p("a*b*").matches("axxbyy") && p("*-ops").matches("x-ops-ops"));
        assert!(!p("a*b").matches("axxbyy") && !p("").matches("x"));
    }

    #[test]
    fn words_are_found_without_regard_to_case() {
        assert!(contains("The CRITICAL one", "critical") && contains("abc", "") && contains("aab", "ab"));
        assert!(!contains("abc", "abcd") && !contains("", "a"));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let (f, faults) = Filter::parse(&pairs(&[
            ("state", "bad"),
            ("page", "0"),
            ("hue", "red"),
            ("sort", "-age"),
            ("site", ""),
            ("flag", "outage"),
        ]));
        assert_eq!((f.sort, f.reversed, f.page), (Sort::Age, true, 1));
        assert_eq!(f.flag, [Flag::Outage]);
        assert_eq!(faults.iter().map(|p| p.field.as_str()).collect::<Vec<_>>(), ["state", "page", "hue"]);
        assert!(faults[2].detail.contains("service_type"), "{faults:?}");
    }
}
