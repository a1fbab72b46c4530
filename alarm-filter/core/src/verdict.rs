//! What an object stands for, and whether its problem raises an alarm (AL1, AL15, PR1) or is set aside, and why.

use crate::alarm::About;
use crate::input::Text;
use crate::place::Papers;
use crate::profile::{HostDown, Membership, Profile};
use crate::state::State;
use crate::watch::{Key, SetAside};
use crate::world::World;

/// The pseudo service type, and metric, of a host's own check.
pub const HOST: &str = "Host";

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It raises an alarm, which stands for this.
    Raise(Box<About>),
    /// It does not.
    Aside(SetAside),
}

impl World {
    /// Whether a hard problem of this object, in this state, raises an alarm.
    pub fn verdict(&self, key: &Key, state: State) -> Verdict {
        let Some(profile) = self.profiles.profiles.get(&self.profiles.operators) else {
            return Verdict::Aside(SetAside::NoProfile);
        };
        let mut about = self.about(key);
        let not_in_profile = || {
            Verdict::Aside(SetAside::NotInProfile {
                profile: profile.name.clone(),
                service_type: self.about(key).service_type,
                metric: self.about(key).metric,
            })
        };
        if key.service.is_none() {
            if profile.host_down == HostDown::Ignore {
                return Verdict::Aside(SetAside::HostDownIgnored);
            }
            if !self.host_has_critical_services(key) {
                return not_in_profile();
            }
        } else {
            match profile.membership(&about.service_type, &about.metric) {
                None => return not_in_profile(),
                Some(Membership::Candidate) => {
                    return Verdict::Aside(SetAside::Candidate { profile: profile.name.clone() });
                }
                Some(Membership::Critical) => {}
            }
            if !profile.settings_of(&about.metric).map_or(state.is_problem(), |settings| settings.raises(state)) {
                return Verdict::Aside(SetAside::StateDoesNotRaise { state });
            }
        }
        if let Some(site) = self.topology.as_ref().and_then(|t| t.sites.get(&about.site))
            && self.settings.silent_certifications.contains(&site.certification)
        {
            return Verdict::Aside(SetAside::Certification {
                site: about.site.clone(),
                status: site.certification.clone(),
            });
        }
        about.profiles = self.profiles_of(key, &about);
        Verdict::Raise(Box::new(about))
    }

    /// What an object stands for: the topology's word on the site, then the source's own, then the monitor's variables.
    pub fn about(&self, key: &Key) -> About {
        let stands_for = self.watch(key).and_then(|w| w.stands_for.as_deref());
        let mut about = self.papers().place(key, stands_for);
        if key.service.is_none() {
            about.service_type = HOST.into();
            about.metric = HOST.into();
            about.stable_for = self.settings.stable_for;
            about.ticket_states = vec![State::Down, State::Unreachable];
            return about;
        }
        if let Some(profile) = self.profiles.profiles.get(&self.profiles.operators) {
            let settings = profile.settings(&about.metric);
            about.stable_for = settings.stable_for(self.settings.stable_for);
            // What nobody may see must not lead, and hide, what everybody sees (AL17).
            about.family = settings.mask_family.clone().filter(|_| !settings.security).unwrap_or_default();
            about.category = settings.category.clone().unwrap_or_default();
            about.documentation = settings.documentation.clone().unwrap_or_default();
            about.security = settings.security;
            about.ticket_states = settings
                .ticket
                .or(settings.raise)
                .unwrap_or_else(|| vec![State::Warning, State::Critical, State::Unknown]);
            if about.vo.is_empty() && profile.bare(&about.metric).len() < about.metric.len() {
                about.vo = profile.vo.clone();
            }
        }
        about
    }

    fn papers(&self) -> Papers<'_> {
        Papers { monitors: &self.monitors, topology: self.topology.as_deref(), profiles: &self.profiles }
    }

    /// The profiles, other than candidates' lists, in which it counts.
    fn profiles_of(&self, key: &Key, about: &About) -> Vec<Text> {
        if key.service.is_none() {
            return vec![self.profiles.operators.clone()];
        }
        let counts = |name: &Text, profile: &Profile| {
            // That it counts in the operators' is why it is asked for.
            *name == self.profiles.operators
                || profile.membership(&about.service_type, &about.metric) == Some(Membership::Critical)
        };
        let mut names = Vec::with_capacity(self.profiles.profiles.len());
        names.extend(
            self.profiles.profiles.iter().filter(|(name, profile)| counts(name, profile)).map(|(name, _)| name.clone()),
        );
        names
    }

    /// A host counts when a service on it does: one that was seen, one that is configured, or one that is declared.
    fn host_has_critical_services(&self, key: &Key) -> bool {
        let Some(profile) = self.profiles.profiles.get(&self.profiles.operators) else { return false };
        let critical = |service_type: &str, metric: &str| {
            profile.entry(service_type, metric).is_some_and(|e| e.membership == Membership::Critical)
        };
        for monitor in self.monitors.values().filter(|m| m.group == key.group) {
            let Some(host) = monitor.objects.as_ref().and_then(|o| o.hosts.get(&key.host)) else { continue };
            let hit = host.services.iter().any(|(description, s)| {
                critical(&s.service_type, if s.metric.is_empty() { description } else { &s.metric })
            });
            if hit {
                return true;
            }
        }
        if let Some(types) = self.topology.as_ref().and_then(|t| t.host(&key.host))
            && types.keys().any(|t| profile.service_types.keys().any(|glob| wildmatch::WildMatch::new(glob).matches(t)))
        {
            return true;
        }
        let Some(entry) = self.host_entry(&key.group, &key.host) else { return false };
        entry.services.keys().any(|s| {
            let about = self.about(&Key { service: Some(s.clone()), ..key.clone() });
            critical(&about.service_type, &about.metric)
        }) || critical("", "")
    }
}
