#[hotpatch_module::contract(version = "1.0.0")]
pub trait Pricing<T> {
    fn quote<'a>(&'a self, name: &'a str) -> u32;
    fn sum<const N: usize>(&self) -> u32
    where
        Self: Sized;
    fn show(&self, name: &'static str);
}

fn main() {}
