//! get_roc_list: ROC rows, everything in attributes.

use super::Method;
use super::document::{Document, Unfit};
use super::element::Limits;
use super::problem::Problem;
use alarm_core::input::Text;

/// A ROC or NGI.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RocRow {
    /// ROC_NAME.
    pub name: Text,
}

/// Reads an answer of get_roc_list. get_roc_contacts has the same row element with children; it is refused here,
/// because it lists only those ROCs whose contacts the caller may see.
pub fn rocs(document: &[u8], limits: &Limits) -> Result<Document<RocRow>, Problem> {
    Document::read(Method::GetRocList, document, limits, |row, doc| {
        if row.child("CONTACT").is_some() || row.child("MAIL_CONTACT").is_some() {
            return Err(Unfit::Document(Problem::WrongMethod { found: "get_roc_contacts".to_owned() }));
        }
        let name = row.attribute("ROC_NAME").filter(|n| n.len() <= 255).ok_or_else(|| Unfit::lacks("ROC_NAME"))?;
        doc.rows.push(RocRow { name: name.into() });
        Ok(())
    })
}
