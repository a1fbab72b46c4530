//! What is in force while something is measured: everything raises alarms.

use alarm_core::document::Document;
use alarm_core::profile::{Profile, Profiles};
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_filter::keeper::documents::Paper;
use std::sync::Arc;

/// Settings, then profiles.
pub fn papers() -> [Paper; 2] {
    let monitors = [("nagios".into(), MonitorSettings::default())].into();
    let settings = Arc::new(Settings { monitors, ..Settings::default() });
    let everything = Profile {
        name: "EVERYTHING".into(),
        vo: "ops".into(),
        service_types: [("*".into(), vec!["*".into()])].into(),
        ..Profile::default()
    };
    let profiles = [(everything.name.clone(), everything)].into();
    let profiles = Arc::new(Profiles { operators: "EVERYTHING".into(), profiles });
    [
        Paper::new("settings", &*settings, Document::Settings(settings.clone())),
        Paper::new("profiles", &*profiles, Document::Profiles(profiles.clone())),
    ]
}
