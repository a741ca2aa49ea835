//! What a plugin is.

use std::any::Any;

use crate::bus::Bus;
use crate::event::Event;

pub trait Plugin: Any {
    fn name(&self) -> &str;

    fn on_event(&mut self, event: &Event, bus: &Bus) -> Option<String>;

    fn weight(&self) -> u32 {
        1
    }

    fn describe(&self) -> String {
        format!("{}/{}", self.name(), self.weight())
    }

    fn as_any(&self) -> &dyn Any;

    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// Both halves of looking at a plugin as what it is.
macro_rules! any {
    () => {
        fn as_any(&self) -> &dyn ::std::any::Any {
            self
        }

        fn as_any_mut(&mut self) -> &mut dyn ::std::any::Any {
            self
        }
    };
}

pub(crate) use any;
