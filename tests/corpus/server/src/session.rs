//! Sessions and their tokens.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u64);

#[derive(Debug)]
pub struct Session {
    pub user: String,
    pub requests: u32,
    pub opened: u64,
}

impl Session {
    pub fn new(user: &str, opened: u64) -> Self {
        Self {
            user: user.to_owned(),
            requests: 0,
            opened,
        }
    }
}
