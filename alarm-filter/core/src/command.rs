//! What people may do to alarms, as inputs.

use crate::input::Text;
use serde::{Deserialize, Serialize};

/// Something that somebody asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Who.
    pub who: Text,
    /// A form's key: the same key again is the same command, not a second one.
    pub key: Text,
    /// What.
    #[serde(flatten)]
    pub action: Action,
}

/// The actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Switch an alarm off (AL5, DC2, AL19).
    SwitchOff {
        /// The alarm's id.
        alarm: Text,
    },
}
