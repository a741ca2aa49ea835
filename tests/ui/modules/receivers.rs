#[hotpatch_module::contract(version = "1.0.0")]
pub trait Pricing {
    fn change(&mut self);
    fn consume(self);
    fn boxed(self: Box<Self>);
}

fn main() {}
