//! What can go wrong, and what a client hears of it.

use std::fmt;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hotpatch::hotpatch;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    NoSession,
    WrongPassword { tries: u8 },
    NoSuchNote(u32),
    TooLong { length: usize, limit: usize },
    Full,
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoSession => StatusCode::UNAUTHORIZED,
            Self::WrongPassword { .. } => StatusCode::FORBIDDEN,
            Self::NoSuchNote(_) => StatusCode::NOT_FOUND,
            Self::TooLong { .. } | Self::Full => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSession => out.write_str("log in first"),
            Self::WrongPassword { tries } => write!(out, "wrong password, try {tries}"),
            Self::NoSuchNote(id) => write!(out, "there is no note {id}"),
            Self::TooLong { length, limit } => write!(out, "{length} bytes are more than {limit}"),
            Self::Full => out.write_str("no room for more notes"),
        }
    }
}

impl std::error::Error for ApiError {}

/// The status and the text of an error.
#[hotpatch]
fn describe(error: &ApiError) -> (u16, String) {
    (error.status().as_u16(), format!("error: {error}"))
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, text) = hotpatch::call(|| describe(&self));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, text).into_response()
    }
}
