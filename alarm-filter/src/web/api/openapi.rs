//! `GET /api/v1/openapi.json`: the description of this interface, as it stands in docs/openapi.json.

use super::super::problem::json;
use axum::response::Response;

/// The description.
pub(in crate::web) const DESCRIPTION: &str = include_str!("../../../../docs/openapi.json");

/// The handler.
pub(in crate::web) async fn openapi() -> Response {
    json(DESCRIPTION.as_bytes().to_vec())
}
