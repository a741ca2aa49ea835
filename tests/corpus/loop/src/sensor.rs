//! Sensors and what they read.

pub struct Sensor {
    id: u16,
    base: i32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug)]
pub enum Unit {
    Celsius,
    Percent,
}

pub struct Reading {
    value: i32,
    weight: u32,
}

impl Sensor {
    pub fn new(id: u16, base: i32) -> Self {
        let unit = if id == 9 { Unit::Percent } else { Unit::Celsius };
        Self { id, base, unit }
    }

    pub fn describe(&self) -> String {
        format!("{}:{}{:?}", self.id, self.base, self.unit)
    }
}

impl Reading {
    pub fn of(value: i32) -> Self {
        Self { value, weight: 1 }
    }

    pub fn value(&self) -> i32 {
        self.value
    }

    pub fn describe(&self) -> String {
        format!("{}x{}", self.value, self.weight)
    }
}

/// What a sensor reads.
pub fn sample(sensor: &Sensor, seed: i32) -> Reading {
    Reading::of(scale(sensor.base, seed))
}

#[inline(never)]
fn scale(base: i32, seed: i32) -> i32 {
    base + seed * 2
}
