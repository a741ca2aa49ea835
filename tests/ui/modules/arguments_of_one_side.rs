#[hotpatch_module::contract(version = "1.0.0")]
pub trait Pricing {
    fn size(&self, size: usize, offset: isize);
    fn owned(&self, name: String, items: Vec<u8>, boxed: Box<u8>);
    fn behind(&self, name: &String, items: &Vec<u8>, size: &usize);
    fn pointers(&self, pointer: *const u8, function: fn(u8), object: &dyn Send);
    fn changed(&self, order: &mut u8);
    fn tuples(&self, pair: (u8, u8), nested: &[[&u8; 2]]);
    fn tags(&self, maybe: Option<u8>, result: Result<u8, u8>);
    fn patterns(&self, [first, _]: [u8; 2]);
    fn traits(&self, any: impl Send, same: &Self);
}

fn main() {}
