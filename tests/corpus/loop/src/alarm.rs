//! Alarms and how bad they are.

pub struct Alarm {
    name: &'static str,
    level: Level,
    owner: Option<Box<str>>,
}

#[derive(Debug)]
pub enum Level {
    Quiet,
    Warning,
    Critical(u8),
}

impl Alarm {
    pub fn new(name: &'static str, level: Level) -> Self {
        let owner = Some("ada".into());
        Self { name, level, owner }
    }

    pub fn label(&self) -> String {
        let level = match &self.level {
            Level::Quiet => "quiet".to_owned(),
            Level::Warning => "warning".to_owned(),
            Level::Critical(n) => format!("critical({n})"),
        };
        format!("{} {level}", self.name)
    }

    pub fn describe(&self) -> String {
        let owner = self.owner.as_deref().unwrap_or("nobody");
        format!("{}:{:?}:{owner}", self.name, self.level)
    }
}
