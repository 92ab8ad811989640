//! The OpenAPI 3.1 document of this API.

/// The document as JSON.
#[must_use]
pub fn document() -> String {
    String::new()
}
