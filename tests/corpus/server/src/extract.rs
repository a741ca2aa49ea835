//! The token of a request, as an extractor.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hotpatch::hotpatch;

use crate::error::ApiError;
use crate::session::Token;

/// The token that a client sent, not yet checked.
pub struct Sent(pub Token);

impl<S: Send + Sync> FromRequestParts<S> for Sent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let text = parts.headers.get("x-token").and_then(|value| value.to_str().ok());
        hotpatch::call(|| parse(text.unwrap_or_default())).map(Sent)
    }
}

#[hotpatch]
fn parse(text: &str) -> Result<Token, ApiError> {
    let number = text.strip_prefix("t").and_then(|number| number.parse().ok());
    number.map(Token).ok_or(ApiError::NoSession)
}
